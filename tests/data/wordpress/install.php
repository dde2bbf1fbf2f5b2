<?php
// Install WordPress: php install.php FOLDER
define('WP_INSTALLING', true);
function wp_new_blog_notification() {}  // no mail
$_SERVER['HTTP_HOST'] = parse_url(getenv('SITE_URL'), PHP_URL_HOST);
$database = new mysqli('localhost', 'root', '', '', 0, getenv('SITE_SOCKET'));
$database->query('CREATE DATABASE wordpress CHARACTER SET utf8mb4');
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Pemerintah Kota Tirtapura', 'humas', 'humas@tirtapura.example', true, '', 'sandi');
wp_delete_post(1, true);  // "Hello world!"
update_option('timezone_string', 'Asia/Jakarta');
update_option('permalink_structure', '/%year%/%monthnum%/%day%/%postname%/');
switch_theme('polos');
wp_update_user(['ID' => 1, 'display_name' => 'Humas Tirtapura']);
flush_rewrite_rules();
