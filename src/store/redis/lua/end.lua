-- Ends a session; the first tombstone stays. Answers 'absent', 'now', or the tombstone that was there.
-- KEYS: session, tokens, activity, due queue. ARGV: keep in ms, tombstone, id.
local found = redis.call('GET', KEYS[1])
-- What goes, goes first: after a script has freed memory Redis lets it write also when it is full, so that a session
-- can be ended even then. It also tidies up after a session that is gone.
redis.call('DEL', KEYS[2], KEYS[3])
redis.call('ZREM', KEYS[4], ARGV[3])
if not found then
  return { 'absent', '' }
end
if string.sub(found, 1, 1) == 'T' then
  return { 'before', string.sub(found, 2) }
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
return { 'now', '' }
