-- KEYS[1] the nonce; ARGV[1] the ticket
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 'released'
