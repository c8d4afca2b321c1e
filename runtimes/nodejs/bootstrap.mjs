// The Node.js runtime: loads a handler and serves it over the Runtime API.
// docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html, docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
//
// Speaks HTTP over one kept-alive socket by itself: the two exchanges of an invocation then cost a few
// tens of microseconds instead of the HTTP module's hundreds.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import util from 'node:util';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const [apiHost, apiPort] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const BASE = '/2018-06-01/runtime';
const HEAD_END = Buffer.from('\r\n\r\n');

// One exchange at a time: a request, or two sent together, whose answers come in their order.
class Connection {
  constructor() {
    this.waiting = null;
    this.connect();
  }

  connect() {
    const socket = net.connect({ host: apiHost, port: +apiPort, noDelay: true });
    this.socket = socket;
    this.chunks = [];
    this.size = 0;
    this.need = 0;  // bytes of the answer that is coming in, 0 while its head is
    socket.on('data', (chunk) => this.onData(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.socket !== socket) return;
      const { waiting } = this;
      this.waiting = null;
      this.socket = null;
      if (waiting) waiting.reject(new Error('the runtime API closed the connection'));
    });
  }

  // Resolves to the answer; to that of `following`, a request without a body, if it is given.
  exchange(head, body = '', following = '') {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject, answers: following ? 2 : 1 };
      if (!this.socket) this.connect();
      this.socket.ref();
      this.socket.write(head + body + following);
    });
  }

  onData(chunk) {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size < this.need) return;
    let all = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks, this.size);
    while (this.waiting) {
      if (this.need === 0) {
        const end = all.indexOf(HEAD_END);
        if (end < 0) break;
        this.head = parseHead(all.latin1Slice(0, end));
        this.bodyAt = end + 4;
        this.need = this.bodyAt + (+this.head.headers['content-length'] || 0);
      }
      if (all.length < this.need) break;
      const body = all.subarray(this.bodyAt, this.need);
      all = all.subarray(this.need);
      this.need = 0;
      const { head, waiting } = this;
      if (--waiting.answers > 0) continue;
      this.waiting = null;
      waiting.resolve({ status: head.status, headers: head.headers, body });
    }
    this.chunks = all.length === 0 ? [] : [all];
    this.size = all.length;
  }
}

function parseHead(text) {
  const lines = text.split('\r\n');
  const headers = {};
  for (let i = 1; i < lines.length; ++i) {
    const colon = lines[i].indexOf(':');
    headers[lines[i].slice(0, colon).toLowerCase()] = lines[i].slice(colon + 1).trim();
  }
  return { status: +lines[0].slice(9, 12), headers };
}

const api = new Connection();
const NEXT = `GET ${BASE}/invocation/next HTTP/1.1\r\nHost: ${apiHost}:${apiPort}\r\n\r\n`;

function post(target, body, extra = '', following = '') {
  return api.exchange(
    `POST ${BASE}${target} HTTP/1.1\r\nHost: ${apiHost}:${apiPort}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n${extra}\r\n`, body, following);
}

function errorDocument(error) {
  if (error instanceof Error || (error && typeof error === 'object' && error.stack)) {
    const document = { errorType: error.name || 'Error', errorMessage: String(error.message),
                       trace: String(error.stack || '').split('\n') };
    if (error.cause !== undefined && error.cause instanceof Error) document.cause = errorDocument(error.cause);
    return document;
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

// As AWS logs an error: its document and its own members, in JSON.
function loggedError(error) {
  if (!(error instanceof Error)) return errorDocument(error);
  return { errorType: error.name, errorMessage: error.message, ...error, stack: String(error.stack).split('\n') };
}

function typeHeader(document) {
  const type = String(document.errorType).replace(/[^\x20-\x7e]/g, '?');
  return `Lambda-Runtime-Function-Error-Type: ${type}\r\n`;
}

function runtimeError(name, message, cause) {
  const error = new Error(message);
  error.name = name;
  if (cause && cause.stack) error.stack = `${name}: ${message}\n${cause.stack.split('\n').slice(1).join('\n')}`;
  return error;
}

// ---- the log, one frame per message whatever its lines: "time<TAB>request<TAB>LEVEL<TAB>message", or a JSON object
// where the function's log format is JSON. docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html

const JSON_LOG = process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const LOWEST = JSON_LOG ? Math.max(0, LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL)) : 0;

let requestId;
const frameHead = Buffer.alloc(16);
frameHead.writeUInt32BE(0xa55a0003, 0);

function described(error) {
  const own = String(error.name).startsWith('Runtime.');
  return { errorType: own ? error.name : (error.constructor?.name ?? 'UnknownError'), errorMessage: error.message,
           stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : [] };
}

// One value stands as it is, several are formatted into one text; the first error among them is described beside it.
function jsonRecord(level, parts) {
  const record = { timestamp: new Date().toISOString(), level, requestId };
  if (parts.length === 1) {
    record.message = parts[0];
    try {
      return JSON.stringify(record, (_, value) => (value instanceof Error ? described(value) : value));
    } catch {  // a circle, a BigInt
    }
  }
  record.message = util.format(...parts);
  const error = parts.find((part) => part instanceof Error);
  return JSON.stringify(error ? { ...record, ...described(error) } : record);
}

function writeLog(level, ...parts) {
  if (LEVELS.indexOf(level) < LOWEST) return;
  const text = Buffer.from(JSON_LOG ? jsonRecord(level, parts)
    : `${new Date().toISOString()}\t${requestId === undefined ? 'undefined' : requestId}\t${level}\t${util.format(...parts)}`);
  const frame = Buffer.allocUnsafe(16 + text.length);
  frameHead.copy(frame);
  frame.writeUInt32BE(text.length, 4);
  frame.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  text.copy(frame, 16);
  for (let at = 0; at < frame.length;) {
    try {
      at += fs.writeSync(1, frame, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

for (const [method, level] of [['log', 'INFO'], ['info', 'INFO'], ['debug', 'DEBUG'], ['warn', 'WARN'],
                               ['error', 'ERROR'], ['trace', 'TRACE']]) {
  console[method] = (...parts) => writeLog(level, ...parts);
}

// An error that ends an invocation or the process.
function logError(title, error) {
  if (JSON_LOG) writeLog('ERROR', error instanceof Error ? error : errorDocument(error));
  else writeLog('ERROR', '%s', `${title} \t${JSON.stringify(loggedError(error))}`);
}

// ---- the handler

function syntaxOrImport(error) {
  if (error instanceof SyntaxError) return runtimeError('Runtime.UserCodeSyntaxError', String(error), error);
  if (error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND')) {
    return runtimeError('Runtime.ImportModuleError', `Error: ${error.message}`, error);
  }
  return error;
}

function isModule(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).type === 'module';
    } catch {
      if (folder === path.dirname(folder)) return false;
    }
  }
}

async function loadModule(stem) {
  try {
    for (const [suffix, kind] of [['', null], ['.js', null], ['.mjs', 'esm'], ['.cjs', 'cjs']]) {
      const file = stem + suffix;
      if (!fs.existsSync(file) || !fs.statSync(file).isFile()) continue;
      const esm = kind === 'esm' || file.endsWith('.mjs') || (kind === null && !file.endsWith('.cjs') && isModule(file));
      return esm ? await import(pathToFileURL(file).href) : require(file);
    }
    const found = require.resolve(stem, { paths: [process.env.LAMBDA_TASK_ROOT, ...(process.env.NODE_PATH || '').split(':')] });
    return require(found);
  } catch (error) {
    if (error && error.code === 'MODULE_NOT_FOUND' && error.message.startsWith(`Cannot find module '${stem}'`)) {
      throw runtimeError('Runtime.ImportModuleError',
                         `Error: Cannot find module '${path.basename(stem)}'\nRequire stack:\n- ${process.argv[1]}`, error);
    }
    throw syntaxOrImport(error);
  }
}

async function loadHandler() {
  const text = process.env._HANDLER || '';
  const base = path.basename(text);
  const dot = base.indexOf('.');
  if (dot < 1 || text.includes('..')) {
    throw runtimeError(text.includes('..') ? 'Runtime.MalformedHandlerName' : 'Runtime.MalformedHandlerName',
                       text.includes('..') ? `'${text}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.` : 'Bad handler');
  }
  const stem = path.resolve(process.env.LAMBDA_TASK_ROOT, text.slice(0, text.length - base.length), base.slice(0, dot));
  const loaded = await loadModule(stem);
  let found = loaded;
  for (const name of base.slice(dot + 1).split('.')) {
    found = found == null ? undefined : found[name] ?? (found.default ? found.default[name] : undefined);
  }
  if (found === undefined || found === null) throw runtimeError('Runtime.HandlerNotFound', `${text} is undefined or not exported`);
  if (typeof found !== 'function') throw runtimeError('Runtime.HandlerNotFound', `${text} is not a function`);
  if (found[Symbol.for('aws.lambda.runtime.handler.streaming')] !== undefined) {
    throw runtimeError('Runtime.StreamingNotSupported', 'Dewpoint does not support response streaming handlers yet');
  }
  return found;
}

globalThis.awslambda = {
  streamifyResponse(handler) {
    handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'response';
    return handler;
  },
  HttpResponseStream: class HttpResponseStream {
    static from() {
      throw new Error('Dewpoint does not support response streaming yet');
    }
  },
};

function makeContext(headers, settle) {
  const deadline = +headers['lambda-runtime-deadline-ms'];
  const clientContext = headers['lambda-runtime-client-context'];
  const identity = headers['lambda-runtime-cognito-identity'];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext ? JSON.parse(clientContext) : undefined,
    identity: identity ? JSON.parse(identity) : undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
    done: (error, result) => (error === null || error === undefined ? settle.succeed(result, true) : settle.fail(error)),
    succeed: (result) => settle.succeed(result, true),
    fail: (error) => settle.fail(error === null || error === undefined ? 'handled' : error),
  };
}

let failCurrent = null;
let onIdle = null;
process.on('beforeExit', () => {
  const idle = onIdle;
  onIdle = null;
  if (idle) idle();
});

// Resolves to the result; rejects with the error.
function run(handler, event, headers) {
  return new Promise((resolve, reject) => {
    let context;
    let settled = false;
    const settle = {
      succeed(result, now) {
        if (settled) return;
        settled = true;
        if (now || !context.callbackWaitsForEmptyEventLoop) {
          setImmediate(resolve, result);
        } else {
          onIdle = () => resolve(result);
          api.socket?.unref();
        }
      },
      fail(error) {
        if (settled) return;
        settled = true;
        reject(error);
      },
    };
    failCurrent = (error) => {
      settled = true;
      reject(error);
    };
    context = makeContext(headers, settle);
    const callback = (error, result) => (error === null || error === undefined ? settle.succeed(result) : settle.fail(error));
    const returned = handler(event, context, callback);
    if (returned && typeof returned.then === 'function') {
      settled = true;  // the callback of an async handler is ignored
      returned.then(resolve, reject);
    } else if (handler.length < 3 && !settled) {
      // A synchronous handler that takes no callback: its work may still be going on; the event loop tells.
      onIdle = () => resolve(null);
      api.socket?.unref();
    }
  });
}

function serialize(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

process.on('uncaughtException', (error) => {
  logError('Uncaught Exception', error);
  if (failCurrent) {
    dying = 129;
    failCurrent(error);
  } else {
    process.exit(129);
  }
});
process.on('unhandledRejection', (reason) => {
  const error = runtimeError('Runtime.UnhandledPromiseRejection', reason instanceof Error ? reason.toString() : String(reason));
  error.reason = reason;
  if (reason && reason.stack) error.stack = `Runtime.UnhandledPromiseRejection: ${error.message}\n${String(reason.stack).split('\n').slice(1).join('\n')}`;
  logError('Unhandled Promise Rejection', error);
  if (failCurrent) {
    dying = 128;
    failCurrent(error);
  } else {
    process.exit(128);
  }
});
let dying = 0;

async function main() {
  if (process.env.AWS_ENDPOINT_URL && process.env.DEW_NO_REDIRECT !== '1') require('./redirect.cjs').install();
  let handler;
  try {
    handler = await loadHandler();
  } catch (error) {
    const document = errorDocument(error);
    logError('Uncaught Exception', error);
    await post('/init/error', JSON.stringify(document), typeHeader(document));
    process.exit(1);
  }
  let next = await api.exchange(NEXT);
  for (;;) {
    if (next.status !== 200) process.exit(1);  // the environment is being shut down
    const { headers, body } = next;
    requestId = headers['lambda-runtime-aws-request-id'];
    if (headers['lambda-runtime-trace-id']) process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    let answer;
    let failure = null;
    try {
      answer = serialize(await run(handler, JSON.parse(body.toString()), headers));
    } catch (error) {
      failure = errorDocument(error);
      if (!dying) logError('Invoke Error', error);
    }
    failCurrent = null;
    onIdle = null;
    // The answer and the next request in one write: Dewpoint's word on both then comes in one piece too.
    const following = dying ? '' : NEXT;
    next = failure
      ? await post(`/invocation/${requestId}/error`, JSON.stringify(failure), typeHeader(failure), following)
      : await post(`/invocation/${requestId}/response`, answer, '', following);
    if (dying) process.exit(dying);
  }
}

main().catch((error) => {
  process.stderr.write(`${error && error.stack}\n`);
  process.exit(1);
});
