-- Sets an instant unless a later one is there. KEYS: the instant. ARGV: keep in ms, instant.
local there = redis.call('GET', KEYS[1])
if not there or tonumber(there) < tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
end
