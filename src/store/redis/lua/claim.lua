-- Claims one session. Answers {'absent'}, {'busy', score} or {'ours', fence}.
-- KEYS: due queue, session. ARGV: now or '', lease in ms, id.
local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[3]))
if not score then
  if redis.call('GETRANGE', KEYS[2], 0, 0) ~= 'L' then
    return { 'absent', 0 }
  end
  score = 0 -- a live session that the queue has lost comes back to it
end
local now = instant(ARGV[1])
if score % 2 == 1 and score > ready(now) then
  return { 'busy', score }
end
local fence = held_until(now + tonumber(ARGV[2]), score)
redis.call('ZADD', KEYS[1], fence, ARGV[3])
return { 'ours', fence }
