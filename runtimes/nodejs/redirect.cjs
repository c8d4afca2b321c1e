// Sends requests for *.amazonaws.com to AWS_ENDPOINT_URL, for SDKs that know no such variable (AWS SDK
// for JavaScript 2). The Host header stays, so that the signature stays valid and the engine knows the
// service. DEW_NO_REDIRECT=1 turns it off. Nothing but amazonaws.com is touched.
'use strict';

const http = require('http');
const https = require('https');

const AMAZON = /(^|\.)amazonaws\.com(\.cn)?$/i;

function install() {
  const text = process.env.AWS_ENDPOINT_URL;
  if (!text || process.env.DEW_NO_REDIRECT === '1') return;
  let endpoint;
  try {
    endpoint = new URL(text);
  } catch {
    return;
  }
  if (endpoint.protocol !== 'http:') return;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 50 });
  const original = http.request;

  const wrap = (next, scheme) => function request(first, second, third) {
    let options = {};
    let callback = third;
    if (typeof first === 'string' || first instanceof URL) {
      const url = new URL(first);
      options = { protocol: url.protocol, hostname: url.hostname, port: url.port, path: url.pathname + url.search };
      if (typeof second === 'function') callback = second;
      else Object.assign(options, second);
    } else {
      options = first;
      callback = second;
    }
    const host = String(options.hostname || options.host || '').replace(/:\d+$/, '');
    if (!AMAZON.test(host)) return next.apply(this, arguments);
    const headers = { ...(options.headers || {}) };
    const named = Object.keys(headers).find((name) => name.toLowerCase() === 'host');
    if (!named) headers.Host = options.port && +options.port !== (scheme === 'https' ? 443 : 80) ? `${host}:${options.port}` : host;
    const changed = { ...options, headers, protocol: 'http:', hostname: endpoint.hostname, host: endpoint.hostname,
                      port: endpoint.port || 80, agent, servername: undefined, defaultPort: undefined };
    return original.call(http, changed, callback);
  };
  const getter = (request) => function get(...parts) {
    const sent = request(...parts);
    sent.end();
    return sent;
  };
  http.request = wrap(original, 'http');
  http.get = getter(http.request);
  https.request = wrap(https.request, 'https');
  https.get = getter(https.request);
  // ES modules see the patched functions, too.
  require('module').syncBuiltinESMExports();
}

module.exports = { install };
