"""The Python runtime: loads a handler and serves it over the Runtime API.

docs.aws.amazon.com/lambda/latest/dg/python-handler.html, docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""
import json
import os
import socket
import sys
import time
import traceback

_HOST, _PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
_BASE = "/2018-06-01/runtime"


_NEXT = f"GET {_BASE}/invocation/next HTTP/1.1\r\nHost: {_HOST}:{_PORT}\r\n\r\n".encode()


class RuntimeApi:
    """One kept-alive connection; answers come in the order of the requests."""

    def __init__(self):
        self._socket = None
        self._rest = b""

    def _send(self, data):
        if self._socket is None:
            self._socket = socket.create_connection((_HOST, int(_PORT)))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(data)

    def _answer(self):
        data = self._rest
        while True:
            end = data.find(b"\r\n\r\n")
            if end >= 0:
                break
            data += self._receive()
        lines = data[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        need = end + 4 + int(headers.get("content-length", 0))
        if len(data) < need:
            parts, size = [data], len(data)
            while size < need:
                parts.append(self._receive())
                size += len(parts[-1])
            data = b"".join(parts)
        self._rest = data[need:]
        return int(lines[0].split(" ", 2)[1]), headers, data[end + 4:need]

    def _receive(self):
        data = self._socket.recv(262144)
        if not data:
            raise SystemExit("the runtime API closed the connection")
        return data

    def next(self):
        self._send(_NEXT)
        return self._answer()

    def post(self, target, body, error_type=None):
        self._send(self._post(target, body, error_type))
        self._answer()

    def post_and_next(self, target, body, error_type=None):
        """In one write: Dewpoint's word on both then comes in one piece too."""
        self._send(self._post(target, body, error_type) + _NEXT)
        self._answer()
        return self._answer()

    def _post(self, target, body, error_type):
        extra = f"Lambda-Runtime-Function-Error-Type: {error_type}\r\n" if error_type else ""
        return (f"POST {_BASE}{target} HTTP/1.1\r\nHost: {_HOST}:{_PORT}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n{extra}\r\n").encode("latin-1", "replace") + body


class FaultException(Exception):
    """An error of the function's set-up, in the Runtime API's words."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


class CognitoIdentity:
    def __init__(self, document):
        self.cognito_identity_id = document.get("cognitoIdentityId")
        self.cognito_identity_pool_id = document.get("cognitoIdentityPoolId")


class Client:
    def __init__(self, document):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, document.get(name))


class ClientContext:
    def __init__(self, document):
        self.custom = document.get("custom")
        self.env = document.get("env")
        self.client = Client(document.get("client") or {})


class LambdaContext:
    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = None
        self._deadline_ms = int(headers.get("lambda-runtime-deadline-ms", 0))
        client = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(client)) if client else None
        identity = headers.get("lambda-runtime-cognito-identity")
        self.identity = CognitoIdentity(json.loads(identity) if identity else {})

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        return (f"LambdaContext([aws_request_id={self.aws_request_id},log_group_name={self.log_group_name},"
                f"log_stream_name={self.log_stream_name},function_name={self.function_name},"
                f"memory_limit_in_mb={self.memory_limit_in_mb},function_version={self.function_version},"
                f"invoked_function_arn={self.invoked_function_arn},client_context={self.client_context},"
                f"identity={self.identity}])")


_request_id = ""


def _write_frame(text):
    """One log event, whatever its lines."""
    data = text.encode("utf-8", "replace")
    sys.stdout.flush()
    frame = b"\xa5\x5a\x00\x03" + len(data).to_bytes(4, "big") + int(time.time() * 1e6).to_bytes(8, "big") + data
    while frame:
        frame = frame[os.write(1, frame):]


def _set_up_logging():
    """As AWS's runtime does: a handler on the root logger, "[LEVEL]\\ttime\\trequest\\tmessage". Importing logging
    takes a few milliseconds, so it waits until the function does."""
    import importlib.abc

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name != "logging":
                return None
            import importlib.util
            sys.meta_path.remove(self)
            spec = importlib.util.find_spec(name)
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                _attach(module)

            spec.loader.exec_module = exec_module
            return spec

    if "logging" in sys.modules:
        _attach(sys.modules["logging"])
    else:
        sys.meta_path.insert(0, Finder())


_JSON_LOG = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
# As AWS's runtime calls them in Python's words.
_LEVELS = {"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}
# What every record has; anything beside it came with `extra`.
_RECORD_MEMBERS = {"name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text",
                   "stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName",
                   "processName", "process", "taskName", "aws_request_id", "message", "asctime"}


def _json_record(formatter, record):
    """docs.aws.amazon.com/lambda/latest/dg/python-logging.html, "JSON log format"."""
    out = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)), "level": record.levelname,
           "message": record.getMessage(), "logger": record.name, "requestId": _request_id}
    if record.exc_info and record.exc_info[0]:
        kind, error, trace = record.exc_info
        out["stackTrace"] = traceback.format_list(traceback.extract_tb(trace))
        out["errorType"], out["errorMessage"] = kind.__name__, str(error)
        out["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
    elif record.stack_info:
        out["stackTrace"] = formatter.formatStack(record.stack_info).split("\n")
    for name, value in vars(record).items():
        if name not in _RECORD_MEMBERS and name not in out:
            out[name] = value
    return json.dumps(out, default=str, ensure_ascii=False)


def _attach(logging):
    class RequestIdFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = _request_id
            return True

    class LambdaLoggerHandler(logging.Handler):
        def emit(self, record):
            _write_frame(self.format(record))

    handler = LambdaLoggerHandler()
    if _JSON_LOG:
        class JsonFormatter(logging.Formatter):
            def format(self, record):
                return _json_record(self, record)

        handler.setFormatter(JsonFormatter())
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO")
        logging.getLogger().setLevel(_LEVELS.get(level, level))
        logging.getLogger().addHandler(handler)
        return
    formatter = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)


def _load_handler(text):
    module_name, dot, function_name = text.rpartition(".")
    if not dot or not module_name:
        raise FaultException("Runtime.MalformedHandlerName", f"Bad handler '{text}': not enough values to unpack (expected 2, got 1)")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise FaultException("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    module_name = module_name.replace("/", ".")
    import importlib
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise FaultException("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        trace = [f"  File \"{error.filename}\" Line {error.lineno}\n    {(error.text or '').strip()}\n"]
        raise FaultException("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise FaultException("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'") from None


def _error_document(error, request_id=""):
    if isinstance(error, FaultException):
        kind, trace = error.kind, error.trace
    else:
        kind = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename != __file__]
        trace = traceback.format_list(own)
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _log_error(document):
    if _JSON_LOG:
        _write_frame(json.dumps({"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "log_level": "ERROR",
                                 **document}, ensure_ascii=False))
        return
    text = f"[ERROR] {document['errorType']}: {document['errorMessage']}"
    if document["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(document["stackTrace"])
    _write_frame(text)


def _fallback(value):
    import decimal
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2 ** 53 else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _serialize(result):
    try:
        return json.dumps(result, default=_fallback, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError) as error:
        raise FaultException("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def main():
    global _request_id
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    sys.stderr.reconfigure(line_buffering=True, errors="replace")
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    import dew_redirect
    dew_redirect.install()
    _set_up_logging()
    api = RuntimeApi()
    try:
        handler = _load_handler(os.environ["_HANDLER"])
    except BaseException as error:  # whatever the module's top level throws, exit() included
        if isinstance(error, SystemExit):
            raise
        document = _error_document(error)
        _log_error(document)
        api.post("/init/error", json.dumps(document).encode(), document["errorType"])
        sys.exit(1)
    status, headers, body = api.next()
    while True:
        if status != 200:  # the environment is being shut down
            sys.exit(1)
        _request_id = headers["lambda-runtime-aws-request-id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
        try:
            try:
                event = json.loads(body)
            except ValueError as error:
                raise FaultException("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None
            answer, failure = _serialize(handler(event, LambdaContext(headers))), None
        except Exception as error:
            failure = _error_document(error, _request_id)
            _log_error(failure)
        sys.stdout.flush()
        sys.stderr.flush()
        if failure is None:
            status, headers, body = api.post_and_next(f"/invocation/{_request_id}/response", answer)
        else:
            status, headers, body = api.post_and_next(f"/invocation/{_request_id}/error", json.dumps(failure).encode(),
                                                      failure["errorType"])


if __name__ == "__main__":
    # A module of its own name, so that the function's `import bootstrap` finds its own.
    sys.path = [entry for entry in sys.path if entry != os.path.dirname(os.path.abspath(__file__))] + [os.path.dirname(os.path.abspath(__file__))]
    main()
