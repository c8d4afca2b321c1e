-- PutItem or GetItem, by the first argument, on random keys of table "bench". The requests look signed (both sides of
-- the comparison get the same bytes); no verification of the signature is involved.
local here = debug.getinfo(1, 'S').source:match('@(.*/)')
dofile(here .. 'report.lua')
local put = false
local keys = 10000
local headers = {
  ['Content-Type'] = 'application/x-amz-json-1.0',
  ['X-Amz-Date'] = '20260101T000000Z',
  ['Authorization'] = 'AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, ' ..
    'SignedHeaders=content-type;host;x-amz-date;x-amz-target, ' ..
    'Signature=0000000000000000000000000000000000000000000000000000000000000000',
}
-- Written beforehand, so that the client is not what is measured.
local requests = {}
local turn = 0
local function write_request(id)
  local body
  if put then
    body = '{"TableName":"bench","Item":{"id":{"S":"' .. id .. '"},"name":{"S":"Ada Lovelace"},' ..
      '"email":{"S":"ada@example.com"},"age":{"N":"36"},"tags":{"L":[{"S":"a"},{"S":"b"}]},' ..
      '"createdAt":{"S":"2026-01-01T00:00:00.000Z"},"active":{"BOOL":true}}}'
  else
    body = '{"TableName":"bench","Key":{"id":{"S":"' .. id .. '"}}}'
  end
  return wrk.format('POST', '/', headers, body)
end
function init(args)
  put = args[1] == 'PutItem'
  headers['X-Amz-Target'] = 'DynamoDB_20120810.' .. args[1]
  math.randomseed(tonumber(args[2]))
  for i = 1, keys do requests[i] = write_request('user-' .. math.random(keys)) end
end
function request()
  turn = turn % keys + 1
  return requests[turn]
end
function done(summary, latency) report(summary, latency) end
