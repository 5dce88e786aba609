"""The codecs: tables and properties, without Twisted."""
