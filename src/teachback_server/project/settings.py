"""Django settings: one folder holds everything, two databases keep state and traces apart, pages obey a CSP."""

import os
from pathlib import Path

from csp.constants import NONE, SELF

from teachback_server.project.databases import read_clickhouse_url, read_databases
from teachback_server.project.home import open_home, read_or_make_secret_key
from teachback_server.project.incoming import read_hosts, read_trusted_proxies
from teachback_server.project.outgoing import read_mail_from, read_mail_server, read_public_url

HOME = Path(os.environ.get("TEACHBACK_HOME") or "teachback-home").resolve()
open_home(HOME)
MODELS_FOLDER = HOME / "models"
ATTACHMENTS_FOLDER = HOME / "attachments"
UPLOADS_FOLDER = HOME / "uploads"
UPLOADS_FOLDER.mkdir(mode=0o700, exist_ok=True)

SECRET_KEY = read_or_make_secret_key(HOME)
DEBUG = False
ALLOWED_HOSTS = read_hosts(os.environ)
TRUSTED_PROXIES = read_trusted_proxies(os.environ)
PUBLIC_URL = read_public_url(os.environ)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "teachback_server.people",
    "teachback_server.workflows",
    "teachback_server.releases",
    "teachback_server.jobs",
    "teachback_server.reviews",
    "teachback_server.evals",
    "teachback_server.improvements",
    "teachback_server.results",
    "teachback_server.backtest",
    "teachback_server.site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "teachback_server.project.urls"
ASGI_APPLICATION = "teachback_server.project.asgi.application"
WSGI_APPLICATION = "teachback_server.project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "teachback_server.site.navigation.navigation",
            ],
        },
    }
]

DATABASES = read_databases(os.environ, HOME)
CLICKHOUSE_URL = read_clickhouse_url(os.environ)  # empty: the steps of traces live in the database `traces`
DATABASE_ROUTERS = ["teachback_server.project.database_router.TracesApart"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

AUTH_USER_MODEL = "people.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
MESSAGE_TAGS = {10: "", 20: "", 25: "good", 30: "warn", 40: "bad"}  # django's levels in the tones of the pages
SESSION_ENGINE = "teachback_server.people.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
# Where people come by https, a proxy in front speaks it and hands on http, from our own site all the same.
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = UPLOADS_FOLDER  # one disk with where they are kept, so that keeping one copies nothing
# Hosts, addresses and networks inside, to which messages may be sent all the same; see reviews/outside/addresses.py.
PRIVATE_TARGETS = [one for one in os.environ.get("TEACHBACK_ALLOW_PRIVATE_TARGETS", "").split(",") if one.strip()]
MAIL_SERVER = read_mail_server(os.environ)
EMAIL_HOST, EMAIL_PORT = MAIL_SERVER.host, MAIL_SERVER.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER.user, MAIL_SERVER.password
EMAIL_USE_SSL, EMAIL_USE_TLS = MAIL_SERVER.is_tls, MAIL_SERVER.is_starttls
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = read_mail_from(os.environ)
MAX_HISTORY_FILE_BYTES = 512 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # A page that is not there is the visitor's news, not the operator's.
        "django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
