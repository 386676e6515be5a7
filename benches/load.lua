-- wrk's script: what Traefik asks, with another session's cookies each time. Arguments: the cookie file, the app's host.

local requests = {}
local next_request = 0

function init(args)
  for cookies in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, {
      ["Host"] = args[2],
      ["Cookie"] = cookies,
      ["Accept"] = "text/html,application/xhtml+xml,*/*;q=0.8",
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
      ["X-Forwarded-Method"] = "GET",
      ["X-Forwarded-Proto"] = "https",
      ["X-Forwarded-Host"] = args[2],
      ["X-Forwarded-Uri"] = "/reports/2026?page=2",
      ["X-Forwarded-For"] = "192.0.2.7",
    })
  end
end

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end

-- One line for benches/run: requests, duration in µs, p50 and p99 in µs, and what went wrong.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
