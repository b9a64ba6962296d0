<?php
// Calls the API as the platform's samples do: PHP's SoapClient, one object per call, maps as pairs. Prints what came of it.
// Usage: php client.php ADDRESS TOKEN
[, $address, $token] = $argv;

function pairs(array $map): object
{
    $pair = fn($key, $value) => (object) ['key' => $key, 'value' => $value];
    return (object) ['pair' => array_map($pair, array_keys($map), array_values($map))];
}

function map(object $map): array
{
    return array_column(array_map(fn($pair) => (array) $pair, $map->pair), 'value', 'key');
}

$told = [];
$options = [
    'cache_wsdl' => WSDL_CACHE_NONE,
    'compression' => SOAP_COMPRESSION_ACCEPT | SOAP_COMPRESSION_GZIP | 5,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
];
$client = new SoapClient("$address?SOAPAPI=WSDL", $options);
try {
    $client->Account_databases([]);
} catch (SoapFault $fault) {
    $told['stranger'] = $fault->getMessage();
}
$client->login(['username' => 'anybody', 'password' => $token, 'account' => 'any']);

$database = $client->Account_database(['identifier' => 'customers'])->database->id;
$created = $client->Database_createProfile([
    'id' => $database, 'fields' => pairs(['name' => 'Söhne & "Töchter"', 'score' => '3']),
]);
$profile = $created->profile->id;
$told['created'] = map($created->profile->fields);

$search = new stdClass();
$search->id = $database;
$search->requirements = [
    (object) ['fieldname' => 'id', 'value' => $profile, 'operator' => '='],
    (object) ['fieldname' => 'score', 'value' => '2', 'operator' => '>'],
];
$told['found'] = count($client->database_SEARCHPROFILES($search)->items->profile);
$orders = $client->Database_collection(['id' => $database, 'identifier' => 'orders'])->collection;
$subprofile = $client->Profile_createSubProfile([
    'id' => $profile, 'collection' => $orders, 'fields' => pairs(['product' => 'lamp']),
])->subprofile;
$told['subprofile'] = map($subprofile->fields);
$told['removed'] = $client->Database_removeProfiles(['id' => $database, 'ids' => [$profile]])->value;
$told['nothing'] = get_object_vars($client->Account_database(['identifier' => 'nothing of that name']));

// Without the WSDL: maps and lists are encoded by PHP itself.
$client = new SoapClient(null, ['location' => $address, 'uri' => 'urn:any']);
$call = fn($operation, $input) => $client->$operation(['access_token' => $token, 'id' => $database] + $input);
$created = $call('Database_createProfile', ['fields' => ['name' => 'Mike', 'city' => 'Utrecht']]);
$told['encoded'] = map($created->fields);
$requirements = [
    ['fieldname' => 'name', 'value' => 'Mike', 'operator' => '='],
    ['fieldname' => 'city', 'value' => 'U%', 'operator' => '=~'],
];
$told['updated'] = $call('Database_updateProfiles', ['requirements' => $requirements, 'fields' => ['city' => 'Delft']]);
$told['removed_encoded'] = $call('Database_removeProfiles', ['ids' => [$created->id]]);
echo json_encode($told);
