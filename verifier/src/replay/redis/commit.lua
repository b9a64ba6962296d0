-- KEYS[1] the nonce; ARGV[1] for how many milliseconds it is remembered
-- To take a field away needs no memory, so a claim can be committed when Redis has none left.
redis.call('HDEL', KEYS[1], 'holder')
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'seen', '1')
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 'committed'
