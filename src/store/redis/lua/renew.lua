-- Makes a claim last longer. Answers the new fence, or nil where the claim is somebody else's by now.
-- KEYS: due queue. ARGV: now or '', lease in ms, id, fence.
if not holds(KEYS[1], ARGV[3], ARGV[4]) then
  return nil
end
local fence = held_until(instant(ARGV[1]) + tonumber(ARGV[2]), tonumber(ARGV[4]))
redis.call('ZADD', KEYS[1], 'XX', fence, ARGV[3])
return fence
