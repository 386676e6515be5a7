-- Notes when live sessions were last used; never backwards. One that the queue has lost comes back to it, due at once.
-- KEYS: due queue, then session, activity, session, activity, ... ARGV: keep in ms, then instant, id, instant, id, ...
for i = 2, #ARGV, 2 do
  local session, activity = KEYS[i], KEYS[i + 1]
  if redis.call('GETRANGE', session, 0, 0) == 'L' then
    local noted = redis.call('GET', activity)
    if not noted or tonumber(noted) < tonumber(ARGV[i]) then
      redis.call('SET', activity, ARGV[i], 'PX', ARGV[1])
    end
    redis.call('ZADD', KEYS[1], 'NX', due(tonumber(ARGV[i])), ARGV[i + 1])
  end
end
