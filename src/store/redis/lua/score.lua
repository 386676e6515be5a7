-- The score of a session in the due queue, as in store/queue.rs: milliseconds * 1024 + turn * 2 + held.
-- Redis prints Lua's numbers with 17 digits for commands and as integers for answers: a score, below 2^53, stays exact.

-- The caller's instant, or, where it gives none, the server's: nodes with different clocks then agree.
local function instant(given)
  if given ~= '' then
    return tonumber(given)
  end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Nobody has claimed it yet.
local function due(at)
  return at * 1024
end

local function ready(now)
  return now * 1024 + 1023
end

-- The next turn after `score`: held until `ends`.
local function held_until(ends, score)
  local turn = (math.floor(score / 2) % 512 + 1) % 512
  return ends * 1024 + turn * 2 + 1
end

-- Is `fence` still the score of `id`? Compared as numbers: servers print scores in different ways.
local function holds(queue, id, fence)
  return tonumber(redis.call('ZSCORE', queue, id)) == tonumber(fence)
end
