-- Notes when live sessions were last used; never backwards.
-- KEYS: session, activity, session, activity, ... ARGV: keep in ms, then an instant for each session.
for i = 2, #ARGV do
  local session, activity = KEYS[2 * i - 3], KEYS[2 * i - 2]
  if redis.call('GETRANGE', session, 0, 0) == 'L' then
    local noted = redis.call('GET', activity)
    if not noted or tonumber(noted) < tonumber(ARGV[i]) then
      redis.call('SET', activity, ARGV[i], 'PX', ARGV[1])
    end
  end
end
