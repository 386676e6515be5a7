-- Writes a new session. Answers 1, or 0 where the name is taken, also by a tombstone.
-- KEYS: session, tokens, activity, due queue, lanes. ARGV: keep in ms, session, tokens, activity, score, id, lane.
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[1]) then
  return 0
end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[1])
redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[5], ARGV[6])
redis.call('SADD', KEYS[5], ARGV[7])
return 1
