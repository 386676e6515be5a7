-- Claims one session. Answers {'absent'}, {'busy', score} or {'ours', fence}.
-- KEYS: due queue. ARGV: now or '', lease in ms, id.
local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[3]))
if not score then
  return { 'absent', 0 }
end
local now = instant(ARGV[1])
if score % 2 == 1 and score > ready(now) then
  return { 'busy', score }
end
local fence = held_until(now + tonumber(ARGV[2]), score)
redis.call('ZADD', KEYS[1], 'XX', fence, ARGV[3])
return { 'ours', fence }
