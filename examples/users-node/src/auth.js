// Bearer tokens: JSON Web Tokens with HS256 and nothing else.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { HttpError } from './http.js';

const SECRET = process.env.JWT_SECRET;
const ISSUER = process.env.JWT_ISSUER || 'users-api';
const MAX_TOKEN = 16 * 1024;
if (!SECRET) throw new Error('environment variable JWT_SECRET is not set');

export function requireToken({ headers, log }) {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (token === undefined) throw unauthorized('Bearer');
  const reason = faultOf(token);
  if (reason) {
    log.info('token refused', { reason });
    throw unauthorized('Bearer error="invalid_token"');
  }
}

function unauthorized(challenge) {
  return new HttpError(401, 'Unauthorized', { headers: { 'WWW-Authenticate': challenge } });
}

// What is wrong with the token; undefined when nothing is.
function faultOf(token) {
  const parts = token.split('.');
  if (token.length > MAX_TOKEN || parts.length !== 3) return 'Malformed';
  const header = decode(parts[0]);
  if (header?.alg !== 'HS256') return 'AlgorithmMismatch';
  if (header.crit !== undefined) return 'Malformed';
  const expected = createHmac('sha256', SECRET).update(`${parts[0]}.${parts[1]}`).digest();
  const given = Buffer.from(parts[2], 'base64url');
  // Decoding is lenient: only the one spelling of the signature counts.
  if (given.toString('base64url') !== parts[2]) return 'Malformed';
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'BadSignature';
  const claims = decode(parts[1]);
  if (claims === undefined) return 'Malformed';
  const now = Math.floor(Date.now() / 1000);
  if (typeof claims.exp !== 'number' || now >= claims.exp) return 'Expired';
  if (claims.nbf !== undefined && !(now >= claims.nbf)) return 'NotYetValid';
  if (claims.iss !== ISSUER) return 'WrongIssuer';
  return undefined;
}

function decode(part) {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
