-- KEYS[1] the nonce; ARGV[1] the ticket; ARGV[2] the lease in milliseconds
local holder = redis.call('HGET', KEYS[1], 'holder')
if holder == ARGV[1] then
  -- The answer to the first attempt was lost on its way.
  return 'claimed'
end
if holder then
  return 'pending'
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 'replayed'
end
redis.call('HSET', KEYS[1], 'seen', '1', 'holder', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'claimed'
