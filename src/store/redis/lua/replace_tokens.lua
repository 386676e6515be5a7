-- Writes the tokens if they are still the ones that were seen and the session is live.
-- KEYS: session, tokens. ARGV: keep in ms, head seen, record.
local kind = redis.call('GETRANGE', KEYS[1], 0, 0)
if kind == '' or kind == 'T' then
  return 'ended'
end
if redis.call('GETRANGE', KEYS[2], 0, #ARGV[2] - 1) ~= ARGV[2] then
  return 'conflict'
end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[1])
return 'done'
