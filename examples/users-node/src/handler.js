// The function's entry: middleware around the routes.
import { requestLogger } from './log.js';
import { recordRequest } from './metrics.js';
import { HttpError, json } from './http.js';
import { router } from './routes.js';
import { requireToken } from './auth.js';

const EXPOSED = 'X-Correlation-Id, X-Request-Id';
const OPEN_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
let coldStart = true;

export async function handler(event, context) {
  const started = performance.now();
  const gatewayId = event.requestContext?.requestId ?? context.awsRequestId;
  const headers = lowerCaseNames(event.headers);
  const correlationId = safeCorrelationId(headers['x-correlation-id']) ?? gatewayId;
  const log = requestLogger({ request_id: context.awsRequestId, correlation_id: correlationId, cold_start: coldStart });
  coldStart = false;

  const match = router.match(event.httpMethod, event.path);
  const request = { event, headers, query: event.queryStringParameters ?? {}, params: match.params, log };
  const response = await answer(request, match);
  response.headers = {
    ...response.headers,
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED,
    'X-Correlation-Id': correlationId,
    'X-Request-Id': gatewayId,
  };

  const tookMs = Math.round((performance.now() - started) * 100) / 100;
  const route = match.route ?? 'unmatched';
  recordRequest({ method: event.httpMethod, route, status: response.statusCode, tookMs, correlationId });
  log[response.statusCode >= 500 ? 'error' : 'info']('request', {
    method: event.httpMethod, route, path: event.path, status: response.statusCode, took_ms: tookMs,
  });
  return response;
}

async function answer(request, match) {
  try {
    if (!match.route) return json(404, { error: 'Not found' });
    if (request.event.httpMethod === 'OPTIONS') return preflight(match.allow);
    if (!match.handle) return json(405, { error: 'Method not allowed' }, { Allow: match.allow });
    if (!OPEN_METHODS.has(request.event.httpMethod)) requireToken(request);
    return await match.handle(request);
  } catch (error) {
    if (error instanceof HttpError) return json(error.status, { error: error.message, ...error.more }, error.headers);
    request.log.error('unhandled exception', { error: error.message, stack: error.stack });
    const development = (process.env.APP_ENV || process.env.STAGE) === 'development';
    return json(500, { error: 'Internal server error', ...(development && { detail: error.message }) });
  }
}

function preflight(allow) {
  return {
    statusCode: 204,
    headers: {
      Allow: allow,
      'Access-Control-Allow-Methods': allow,
      'Access-Control-Allow-Headers': 'Content-Type, Authorization, X-Correlation-Id',
      'Access-Control-Max-Age': '600',
    },
    body: '',
  };
}

function lowerCaseNames(headers) {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}

function safeCorrelationId(id) {
  return id !== undefined && /^[A-Za-z0-9._-]{1,128}$/.test(id) ? id : undefined;
}
