"""Sends botocore's requests for *.amazonaws.com to AWS_ENDPOINT_URL, for releases that know no such variable
(before 1.31). The Host header and the signature stay as they are for the real service.

An import hook: nothing happens until the function imports botocore. DEW_NO_REDIRECT=1 turns it off.
"""
import importlib.abc
import importlib.util
import os
import re
import sys
from urllib.parse import urlsplit, urlunsplit

_AMAZON = re.compile(r"(^|\.)amazonaws\.com(\.cn)?$", re.IGNORECASE)


def _patch(httpsession):
    endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    original = httpsession.URLLib3Session.send

    def send(self, request):
        parts = urlsplit(request.url)
        if parts.hostname and _AMAZON.search(parts.hostname):
            if not any(name.lower() == "host" for name in request.headers):
                request.headers["Host"] = parts.netloc
            request.url = urlunsplit((endpoint.scheme, endpoint.netloc, parts.path, parts.query, ""))
        return original(self, request)

    httpsession.URLLib3Session.send = send


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "botocore.httpsession":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        loader = spec.loader
        run = loader.exec_module

        def exec_module(module):
            run(module)
            _patch(module)

        loader.exec_module = exec_module
        return spec


def install():
    url = os.environ.get("AWS_ENDPOINT_URL", "")
    if url.startswith("http://") and os.environ.get("DEW_NO_REDIRECT") != "1":
        sys.meta_path.insert(0, _Finder())
