-- Writes the live settings if they are still those that were seen. KEYS: settings. ARGV: head seen or '', record.
if redis.call('GETRANGE', KEYS[1], 0, 8) ~= ARGV[1] then
  return 'conflict'
end
redis.call('SET', KEYS[1], ARGV[2])
return 'done'
