<?php
// What a web server's rewrite rules do: files as they are, everything else to WordPress. Its own log leaves out the latter.
file_put_contents(getenv('SITE_ASKED'), $_SERVER['REQUEST_URI'] . "\n", FILE_APPEND);
$path = $_SERVER['DOCUMENT_ROOT'] . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (is_file($path)) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
