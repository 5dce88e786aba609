"""
A Django project in one file: the admin with its log-in, an upload, a streamed response.

Its database is C{MEET_DIRECTORY/django.sqlite3}; run as a script, it makes that, with a user
C{admin} whose password is C{secret}.
"""

from __future__ import annotations

import hashlib
import os
import sys

import django
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.urls import path

settings.configure(
    SECRET_KEY="for tests alone",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    STATIC_URL="/static/",
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(os.environ["MEET_DIRECTORY"], "django.sqlite3"),
        }
    },
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    # Django's test of passwords is slow by design.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
)
django.setup()


def token(request):
    """What a form would have in it."""
    return HttpResponse(get_token(request), content_type="text/plain")


def upload(request):
    """Says what came: each file's name, size and sum, and the other fields."""
    found = {}
    for name, file in request.FILES.items():
        total = hashlib.sha256()
        for piece in file.chunks():
            total.update(piece)
        found[name] = [file.name, file.size, total.hexdigest()]
    return JsonResponse({"files": found, "fields": request.POST.dict()})


def stream(request):
    """A hundred lines, one by one."""
    lines = (b"line %d\n" % number for number in range(100))
    return StreamingHttpResponse(lines, content_type="text/plain")


urlpatterns = [
    path("admin/", admin.site.urls),
    path("token", token),
    path("upload", upload),
    path("stream", stream),
]
application = get_wsgi_application()

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User

    User.objects.create_superuser("admin", "", "secret")
    sys.stdout.write("made\n")
