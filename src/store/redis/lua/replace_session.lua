-- Writes the identity record if it is still the one that was seen and, where a fence is given, the claim stands.
-- KEYS: session, due queue. ARGV: keep in ms, head seen, record, id, fence or '', next score.
local head = redis.call('GETRANGE', KEYS[1], 0, #ARGV[2] - 1)
local kind = string.sub(head, 1, 1)
if kind == '' or kind == 'T' then
  return 'ended'
end
local fenced = ARGV[5] ~= ''
if head ~= ARGV[2] or (fenced and not holds(KEYS[2], ARGV[4], ARGV[5])) then
  return 'conflict'
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[1])
if fenced then
  redis.call('ZADD', KEYS[2], 'XX', ARGV[6], ARGV[4])
end
return 'done'
