<?php
// Print the site's export file, as its keeper would download it: php export.php FOLDER
ob_start();
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/export.php';
ob_end_clean();
export_wp(['content' => 'post']);
