-- Gives a claim back. Answers 1, or 0 where it is somebody else's by now.
-- KEYS: due queue. ARGV: id, fence, next score.
if not holds(KEYS[1], ARGV[1], ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], 'XX', ARGV[3], ARGV[1])
return 1
