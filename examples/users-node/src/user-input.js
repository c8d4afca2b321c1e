// What clients may send, turned into what is stored: sanitized, checked, and nothing else.
import { invalid } from './http.js';

const MAX_SANITIZED = 1000; // longer text is left as it is: it is too long for any field
const SCRIPT_ELEMENT = /<script\b[^>]*>[\s\S]*?<\/script\b[^>]*>/gi;
const SCRIPT_TAG = /<\/?script\b[^>]*>?/gi;
const EMAIL_LOCAL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/;
const DOMAIN_LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const E164 = /^\+[1-9][0-9]{1,14}$/;

const FIELDS = {
  name: { required: true, check: checkName },
  email: { required: true, check: checkEmail },
  age: { check: checkAge },
  phone: { check: checkPhone },
};

// name, email, and age and phone when given. Throws a 400 that names every field at fault.
export function readUser(input) {
  const user = {};
  const faults = {};
  for (const [field, { required, check }] of Object.entries(FIELDS)) {
    const value = clean(input[field]);
    if (value === undefined || value === null) {
      if (required) faults[field] = 'is required';
      continue;
    }
    const fault = check(value);
    if (fault) faults[field] = fault;
    else user[field] = value;
  }
  if (Object.keys(faults).length > 0) throw invalid(faults);
  return user;
}

function clean(value) {
  if (typeof value !== 'string' || [...value].length > MAX_SANITIZED) return value;
  return stripScriptTags(value).replace(/^[ \t\r\n\v\f]+|[ \t\r\n\v\f]+$/g, '');
}

// Whole elements, then single tags, until nothing is left to remove: removal must not put a tag together.
function stripScriptTags(text) {
  for (let pass = 0; pass < 16; pass += 1) {
    let next = text.replace(SCRIPT_ELEMENT, '');
    if (next === text) next = text.replace(SCRIPT_TAG, '');
    if (next === text) return text;
    text = next;
  }
  return text.replaceAll('<', '');
}

function checkName(value) {
  if (typeof value !== 'string') return 'must be a string';
  const length = [...value].length;
  return length >= 2 && length <= 100 ? undefined : 'must be 2 to 100 characters long';
}

function checkEmail(value) {
  if (typeof value !== 'string') return 'must be a string';
  return isEmail(value) ? undefined : 'must be an email address';
}

function isEmail(text) {
  const at = text.indexOf('@');
  if (text.length > 254 || at < 0) return false;
  const local = text.slice(0, at);
  if (!EMAIL_LOCAL.test(local) || local.startsWith('.') || local.endsWith('.') || local.includes('..')) return false;
  const labels = text.slice(at + 1).split('.');
  return labels.length >= 2 && labels.every((label) => DOMAIN_LABEL.test(label));
}

function checkAge(value) {
  return Number.isInteger(value) && value >= 0 && value <= 120 ? undefined : 'must be an integer between 0 and 120';
}

function checkPhone(value) {
  if (typeof value !== 'string') return 'must be a string';
  return E164.test(value) ? undefined : 'must be a phone number in E.164 form, like +14155550100';
}
