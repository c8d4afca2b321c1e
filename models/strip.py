#!/usr/bin/env python3
"""Prepares the AWS API models for embedding.

Reads each service's newest service-2.json from botocore's data folder, drops what the interpreter
(src/aws/model.h) does not use - above all the documentation - merges models/overlays/<service>.json, and writes
compact JSON plus models.inc, the index of what was embedded.

An overlay has the model's own form: {"operations": {...}, "shapes": {...}}. Objects merge member by
member; "enum" and "errors" lists are appended to; anything else replaces what was there. A null removes.

usage: strip.py OVERLAYS OUTPUT SERVICE...
"""
import gzip
import json
import os
import sys

METADATA = ("apiVersion", "endpointPrefix", "protocol", "jsonVersion", "targetPrefix", "signingName",
            "xmlNamespace", "serviceId", "awsQueryCompatible")
OPERATION = ("http", "input", "output", "errors", "httpChecksum", "httpChecksumRequired")
SHAPE = ("type", "members", "required", "member", "key", "value", "payload", "flattened", "locationName",
         "xmlNamespace", "timestampFormat", "error", "exception", "fault", "streaming", "eventstream", "union",
         "document", "min", "max", "pattern", "enum", "sensitive", "wrapper", "xmlOrder", "xmlAttribute")
REFERENCE = ("shape", "location", "locationName", "flattened", "xmlAttribute", "xmlNamespace", "streaming",
             "timestampFormat", "idempotencyToken", "queryName", "jsonvalue", "eventpayload", "eventheader",
             "hostLabel", "resultWrapper")


def pick(source, names):
    return {name: source[name] for name in names if name in source}


def reference(ref):
    return pick(ref, REFERENCE)


def strip_shape(shape):
    out = pick(shape, SHAPE)
    for name in ("member", "key", "value"):
        if name in out:
            out[name] = reference(out[name])
    if "members" in out:
        out["members"] = {name: reference(ref) for name, ref in out["members"].items()}
    return out


def strip_operation(operation):
    out = pick(operation, OPERATION)
    for name in ("input", "output"):
        if name in out:
            out[name] = reference(out[name])
    if "errors" in out:
        out["errors"] = [error["shape"] for error in out["errors"]]
    return out


def merge(base, extra, name=""):
    if isinstance(base, dict) and isinstance(extra, dict):
        for key, value in extra.items():
            if value is None:
                base.pop(key, None)
            elif key in base:
                base[key] = merge(base[key], value, key)
            else:
                base[key] = value
        return base
    if isinstance(base, list) and isinstance(extra, list) and name in ("enum", "errors", "required"):
        return base + [value for value in extra if value not in base]
    return extra


def reachable(model):
    """Drops shapes that no operation leads to."""
    shapes, found = model["shapes"], set()

    def visit(name):
        if name in found:
            return
        found.add(name)
        shape = shapes[name]
        for ref in (shape.get("member"), shape.get("key"), shape.get("value"), *shape.get("members", {}).values()):
            if ref:
                visit(ref["shape"])

    for operation in model["operations"].values():
        for side in ("input", "output"):
            if side in operation:
                visit(operation[side]["shape"])
        for error in operation.get("errors", ()):
            visit(error)
    for name, shape in shapes.items():
        if shape.get("exception"):
            visit(name)
    model["shapes"] = {name: shape for name, shape in shapes.items() if name in found}


def load(data, service):
    folder = os.path.join(data, service)
    version = max(v for v in os.listdir(folder) if os.path.isdir(os.path.join(folder, v)))
    path = os.path.join(folder, version, "service-2.json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    with gzip.open(path + ".gz", "rt", encoding="utf-8") as file:
        return json.load(file)


def prepare(data, overlays, service):
    model = load(data, service)
    out = {
        "metadata": pick(model["metadata"], METADATA),
        "operations": {name: strip_operation(op) for name, op in model["operations"].items()},
        "shapes": {name: strip_shape(shape) for name, shape in model["shapes"].items()},
    }
    overlay = os.path.join(overlays, service + ".json")
    if os.path.exists(overlay):
        with open(overlay, encoding="utf-8") as file:
            out = merge(out, json.load(file))
    reachable(out)
    return out


def write_if_changed(path, text):
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                os.utime(path)
                return
    except OSError:
        pass
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(overlays, output, services):
    try:
        import botocore
    except ImportError:
        sys.exit("strip.py: the AWS API models are missing: install the package python3-botocore")
    data = os.path.join(botocore.__path__[0], "data")
    os.makedirs(output, exist_ok=True)
    rows = []
    for service in services:
        model = prepare(data, overlays, service)
        write_if_changed(os.path.join(output, service + ".json"),
                         json.dumps(model, separators=(",", ":"), ensure_ascii=False))
        meta = model["metadata"]
        fields = (service, meta.get("signingName", meta["endpointPrefix"]), meta["endpointPrefix"],
                  meta.get("targetPrefix", ""), meta["apiVersion"], meta["protocol"])
        rows.append("DEW_MODEL(%s, %s)\n" % (service, ", ".join(json.dumps(f) for f in fields[1:])))
    write_if_changed(os.path.join(output, "models.inc"), "".join(rows))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
