import { createHash } from "node:crypto";

/**
 * The two scripts that write. Each is atomic, and every key that it touches is in KEYS and in the scope's slot, so they
 * run on Redis Cluster. How nobody is un-fenced, whatever the store loses:
 *
 * - Every claim draws a random token and leaves it in the owner hash; a commit must find its own claim's token there.
 *   Epochs are numbered by the store, so a store that was lost, or came back from an older copy (a restored dump, a
 *   replica that lagged), may hand out a number twice; a token it cannot hand out twice. An owner whose token is gone is
 *   refused, always.
 * - The incarnation says why: it is the global key's value at the time of the claim, handed in by the adapter and left
 *   in the owner hash, because a script may not read a key of another slot. A missing owner hash, or one with another
 *   incarnation, is another life of the store: "incarnation-changed". The same life with another epoch or token:
 *   "fenced".
 * - What is in the owner hash lives and dies with the scope's views: both are in one slot. So a position never speaks of
 *   views that are not there, even when one shard is lost and the others are not.
 */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

const script = (lua: string): Script => ({ lua, sha: createHash("sha1").update(lua).digest("hex") });

/** KEYS: owner. ARGV: incarnation, token. Returns epoch, position, recordId, as texts. */
export const CLAIM = script(`
local owner = KEYS[1]
local epoch = redis.call('HINCRBY', owner, 'epoch', 1)
redis.call('HSET', owner, 'incarnation', ARGV[1], 'token', ARGV[2])
redis.call('HSETNX', owner, 'position', '0')
redis.call('HSETNX', owner, 'record', '')
return {tostring(epoch), redis.call('HGET', owner, 'position'), redis.call('HGET', owner, 'record')}
`);

/**
 * KEYS: owner, then one for each write in the order of ARGV. ARGV: incarnation, epoch, token, previous position,
 * position, record id, channel, notice, the numbers of deletes, puts, series writes, index removals and index
 * additions; then for each put: value, time to live in ms or ""; for each series write: start, "<start>:<value>",
 * "(" and the first start to keep; for each index change: member. A series entry carries its start because members of a
 * sorted set are unique and two windows may hold the same bytes. Returns the outcome.
 */
export const COMMIT = script(`
local owner = KEYS[1]
local state = redis.call('HMGET', owner, 'incarnation', 'epoch', 'token', 'position')
if state[1] ~= ARGV[1] then return 'incarnation-changed' end
if state[2] ~= ARGV[2] or state[3] ~= ARGV[3] then return 'fenced' end
if state[4] ~= ARGV[4] then return 'position-mismatch' end
local key, arg = 2, 14
for _ = 1, tonumber(ARGV[9]) do
  redis.call('DEL', KEYS[key])
  key = key + 1
end
for _ = 1, tonumber(ARGV[10]) do
  if ARGV[arg + 1] == '' then
    redis.call('SET', KEYS[key], ARGV[arg])
  else
    redis.call('SET', KEYS[key], ARGV[arg], 'PX', ARGV[arg + 1])
  end
  key, arg = key + 1, arg + 2
end
for _ = 1, tonumber(ARGV[11]) do
  redis.call('ZREMRANGEBYSCORE', KEYS[key], ARGV[arg], ARGV[arg])
  redis.call('ZADD', KEYS[key], ARGV[arg], ARGV[arg + 1])
  redis.call('ZREMRANGEBYSCORE', KEYS[key], '-inf', ARGV[arg + 2])
  key, arg = key + 1, arg + 3
end
for _ = 1, tonumber(ARGV[12]) do
  redis.call('SREM', KEYS[key], ARGV[arg])
  key, arg = key + 1, arg + 1
end
for _ = 1, tonumber(ARGV[13]) do
  redis.call('SADD', KEYS[key], ARGV[arg])
  key, arg = key + 1, arg + 1
end
redis.call('HSET', owner, 'position', ARGV[5], 'record', ARGV[6])
redis.call('PUBLISH', ARGV[7], ARGV[8])
return 'committed'
`);
