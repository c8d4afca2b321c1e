"""What clients may send, turned into what is stored: sanitized, checked, and nothing else."""

import re

from users.http import invalid

_MAX_SANITIZED = 1000  # longer text is left as it is: it is too long for any field
_SCRIPT_ELEMENT = re.compile(r"<script\b[^>]*>.*?</script\b[^>]*>", re.IGNORECASE | re.DOTALL | re.ASCII)
_SCRIPT_TAG = re.compile(r"</?script\b[^>]*>?", re.IGNORECASE | re.ASCII)
_EMAIL_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


def read_user(given):
    """name, email, and age and phone when given. Raises a 400 that names every field at fault."""
    user, faults = {}, {}
    for field, (required, check) in _FIELDS.items():
        value = _clean(given.get(field))
        if value is None:
            if required:
                faults[field] = "is required"
            continue
        fault = check(value)
        if fault:
            faults[field] = fault
        else:
            user[field] = int(value) if field == "age" else value
    if faults:
        raise invalid(faults)
    return user


def _clean(value):
    if not isinstance(value, str) or len(value) > _MAX_SANITIZED:
        return value
    return _strip_script_tags(value).strip(" \t\r\n\v\f")


def _strip_script_tags(text):
    """Whole elements, then single tags, until nothing is left: removal must not put a tag together."""
    for _ in range(16):
        after = _SCRIPT_ELEMENT.sub("", text)
        if after == text:
            after = _SCRIPT_TAG.sub("", text)
        if after == text:
            return text
        text = after
    return text.replace("<", "")


def _check_name(value):
    if not isinstance(value, str):
        return "must be a string"
    return None if 2 <= len(value) <= 100 else "must be 2 to 100 characters long"


def _check_email(value):
    if not isinstance(value, str):
        return "must be a string"
    return None if _is_email(value) else "must be an email address"


def _is_email(text):
    local, at, domain = text.partition("@")
    if len(text) > 254 or not at or not _EMAIL_LOCAL.fullmatch(local):
        return False
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return False
    labels = domain.split(".")
    return len(labels) >= 2 and all(_DOMAIN_LABEL.fullmatch(label) for label in labels)


def _check_age(value):
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 0 <= value <= 120 and value == int(value):
        return None
    return "must be an integer between 0 and 120"


def _check_phone(value):
    if not isinstance(value, str):
        return "must be a string"
    return None if _E164.fullmatch(value) else "must be a phone number in E.164 form, like +14155550100"


_FIELDS = {
    "name": (True, _check_name),
    "email": (True, _check_email),
    "age": (False, _check_age),
    "phone": (False, _check_phone),
}
