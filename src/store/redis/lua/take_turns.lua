-- Takes turns out of a bucket: the generic cell rate algorithm, as in store/pace.rs. Answers how many were got.
-- KEYS: bucket. ARGV: now in ms or '', microseconds for a turn, burst, wanted.
local now, turn = instant(ARGV[1]) * 1000, tonumber(ARGV[2])
local taken_until = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
if taken_until > now + 300000000 then
  taken_until = now -- taken by a clock of before a fail-over
end
local got = math.floor((now + turn * ARGV[3] - taken_until) / turn)
got = math.max(math.min(got, tonumber(ARGV[4])), 0)
if got > 0 then
  taken_until = taken_until + got * turn
  redis.call('SET', KEYS[1], string.format('%.0f', taken_until), 'PX', math.ceil((taken_until - now) / 1000) + 1000)
end
return got
