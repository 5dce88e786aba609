-- One script for all runs of wrk: the request by name, and the result in one line.

local browser = {
   ["Host"] = "www.example.com",
   ["Connection"] = "keep-alive",
   ["Cache-Control"] = "max-age=0",
   ["sec-ch-ua"] = '"Chromium";v="156", "Not)A;Brand";v="99"',
   ["sec-ch-ua-mobile"] = "?0",
   ["sec-ch-ua-platform"] = '"Linux"',
   ["Upgrade-Insecure-Requests"] = "1",
   ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
      .. "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
   ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
      .. "image/webp,*/*;q=0.8",
   ["Sec-Fetch-Site"] = "none",
   ["Sec-Fetch-Mode"] = "navigate",
   ["Sec-Fetch-User"] = "?1",
   ["Sec-Fetch-Dest"] = "document",
   ["Accept-Encoding"] = "gzip, deflate, br, zstd",
   ["Accept-Language"] = "en-US,en;q=0.9",
   ["Cookie"] = "sessionid=abcdef0123456789; csrftoken=0123456789abcdef",
}

-- args: "tiny", "browser" or "post"; the size of the body.
function init(args)
   if args[1] == "browser" then
      for name, value in pairs(browser) do wrk.headers[name] = value end
   elseif args[1] == "post" then
      wrk.method = "POST"
      wrk.body = string.rep("0123456789abcdef", tonumber(args[2]) / 16)
      wrk.headers["Content-Type"] = "application/octet-stream"
   elseif args[1] == "close" then
      wrk.headers["Connection"] = "close"
   end
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format(
      "result requests=%d microseconds=%d bytes=%d p50=%d p99=%d "
         .. "connect=%d read=%d write=%d status=%d timeout=%d\n",
      summary.requests, summary.duration, summary.bytes,
      latency:percentile(50), latency:percentile(99),
      e.connect, e.read, e.write, e.status, e.timeout))
end
