/**
 * The scripts of the bucket. KEYS[1] is the clock: the last revision given out; KEYS[2] the set of all keys; KEYS[3],
 * where there is one, the entry itself: "<revision> <value>". All are in one slot, so they run on Redis Cluster.
 *
 * A revision is the server's time in microseconds, or one more than the last: so it is not given out twice even when the
 * server has lost everything. Lua's numbers are exact up to 2^53, which such times reach in the year 2255.
 */

const WRITE = `
local function write(value, ttl_ms, name)
  local time = redis.call('TIME')
  local revision = tonumber(time[1]) * 1000000 + tonumber(time[2])
  local last = tonumber(redis.call('GET', KEYS[1]) or '0')
  if revision <= last then revision = last + 1 end
  local text = string.format('%.0f', revision)
  redis.call('SET', KEYS[1], text)
  redis.call('SADD', KEYS[2], name)
  redis.call('SET', KEYS[3], text .. ' ' .. value, 'PX', ttl_ms)
  return text
end
local function revision_of(entry) return entry and string.match(entry, '^%d+') end
`;

/** ARGV: value, time to live in ms, name. Returns the revision, or nil when the key is there. */
export const CREATE = `${WRITE}
if redis.call('EXISTS', KEYS[3]) == 1 then return false end
return write(ARGV[1], ARGV[2], ARGV[3])
`;

/** ARGV: value, time to live in ms, name, expected revision. Returns the revision, or nil when it is another. */
export const UPDATE = `${WRITE}
if revision_of(redis.call('GET', KEYS[3])) ~= ARGV[4] then return false end
return write(ARGV[1], ARGV[2], ARGV[3])
`;

/** ARGV: value, time to live in ms, name. Returns the revision. */
export const PUT = `${WRITE}
return write(ARGV[1], ARGV[2], ARGV[3])
`;

/** ARGV: name, expected revision or "". */
export const REMOVE = `${WRITE}
if ARGV[2] ~= '' and revision_of(redis.call('GET', KEYS[3])) ~= ARGV[2] then return false end
redis.call('DEL', KEYS[3])
redis.call('SREM', KEYS[2], ARGV[1])
return '0'
`;

/**
 * ARGV: prefix of the names with its dot, prefix of the keys. Returns names and entries in turn; names whose entry has
 * expired are taken out of the set. The entries' keys cannot be told beforehand, but are in the slot of the set.
 */
export const ENTRIES = `
local found = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if string.sub(name, 1, #ARGV[1]) == ARGV[1] then
    local entry = redis.call('GET', ARGV[2] .. name)
    if entry then
      table.insert(found, name)
      table.insert(found, entry)
    else
      redis.call('SREM', KEYS[2], name)
    end
  end
end
return found
`;
