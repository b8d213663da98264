-- For wrk: sends the requests of a file in turn, one a line as METHOD, path and body, parted by tabs.
-- Prints what came of it as one line of JSON, times in milliseconds.
local requests, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%S+)\t([^\t]+)\t?(.*)$")
    if body ~= "" then
      wrk.headers["Content-Type"] = args[2]
    end
    requests[#requests + 1] = wrk.format(method, path, nil, body ~= "" and body or nil)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  print(string.format('{"seconds": %f, "answered": %d, "failed": %d, "p50": %f, "p95": %f, "p99": %f}',
    summary.duration / 1e6, summary.requests - errors.status, failed,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
