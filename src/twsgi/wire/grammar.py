"""RFC 9110 and 9112 as regular expressions; each name is the RFC's rule."""

from __future__ import annotations

import re

_TCHAR = r"!#$%&'*+.^_`|~0-9A-Za-z-"

#: RFC 9110, 5.6.2.
TOKEN = re.compile(rf"[{_TCHAR}]+\Z")

#: RFC 9112, 2.2: what may come before a request.
EMPTY_LINES = re.compile(rb"\A(?:\r\n)+")

#: RFC 9112, 3: C{method SP request-target SP HTTP-version}; a target is visible ASCII.  There is no
#: tunnel, so no CONNECT: a client would take what follows a 200 for one, whatever the target was.
REQUEST_LINE = re.compile(rb"(?!CONNECT )([%b]+) ([!-~]+) HTTP/1\.([01])\r\n" % _TCHAR.encode())

#: The same with any version, to tell 505 from 400.
REQUEST_LINE_ANY_VERSION = re.compile(
    rb"(?!CONNECT )[%b]+ [!-~]+ HTTP/\d\.\d\r\n" % _TCHAR.encode()
)

#: RFC 9112, 5: one field line, without obs-fold; the value without the white space around it.
#: The look ahead keeps the two runs of white space from sharing one in every possible way.
FIELD_LINE = re.compile(
    rb"([%b]+):[ \t]*(?![ \t])((?:[!-~\x80-\xff]+(?:[ \t]+[!-~\x80-\xff]+)*)?)[ \t]*\r\n"
    % _TCHAR.encode()
)

#: RFC 9110, 8.6, bounded: more digits are no length that anybody means.
CONTENT_LENGTH = re.compile(r"[0-9]{1,18}\Z")

#: RFC 9112, 7.1: the size of a chunk, bounded.
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")

#: RFC 9112, 7.1.1: chunk-ext; what follows the size on its line, without the CRLF.
CHUNK_EXTENSION = re.compile(
    rb"(?:[ \t]*;[ \t]*[%b]+"
    rb'(?:[ \t]*=[ \t]*(?:[%b]+|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*\Z'
    % (_TCHAR.encode(), _TCHAR.encode())
)

#: RFC 9110, 7.2 and RFC 3986, 3.2.2; without userinfo, and without the comma, by which a second
#: Host would have been joined.  Nothing at all is a Host, too, but a port alone is none.  The group
#: is an IPv6 address, still to be judged.
HOST = re.compile(
    r"(?:(?:(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+|"
    r"\[([0-9A-Fa-f:.]+)(?:%25[A-Za-z0-9._~-]+)?\])"
    r"(?::(?:[0-9]{0,4}|[0-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?)?\Z"
)

#: RFC 9112, 3.2.2: absolute-form with its authority, which has no userinfo, and the rest.
ABSOLUTE_FORM = re.compile(r"https?://([^/?#@]+)((?:[/?#].*)?)\Z", re.IGNORECASE)

#: What no field value or reason phrase may hold, sent by us: control characters but tab.
UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")

#: RFC 9112, 4: status code and reason phrase as PEP 3333 writes them.
STATUS = re.compile(r"[1-9][0-9]{2}(?: [\t !-~\x80-\xff]*)?\Z")
