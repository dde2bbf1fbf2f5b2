<?php
// Write, change and remove posts: php edit.php FOLDER < steps.json; prints the number of each step's post.
// A step is {"do": "write", "post": {…as wp_insert_post takes it…}, "categories": ["Berita", "Berita/Kepegawaian"]},
// {"do": "change", "id": 7, "post": {…}}, {"do": "trash", "id": 7} or {"do": "option", "name": "…", "value": "…"}.
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/taxonomy.php';
wp_defer_term_counting(true);

function category($path) {
    $parent = 0;
    foreach (explode('/', $path) as $name) {
        $parent = wp_create_category($name, $parent);
    }
    return (int) $parent;
}

$wpdb->query('START TRANSACTION');
wp_set_current_user(1);
$numbers = [];
foreach (json_decode(file_get_contents('php://stdin'), true) as $step) {
    if ($step['do'] === 'write') {
        $post = $step['post'] + ['post_type' => 'post', 'post_status' => 'publish', 'post_author' => 1];
        $post['post_category'] = array_map('category', $step['categories'] ?? []);
        $number = wp_insert_post(wp_slash($post), true);
    } elseif ($step['do'] === 'change') {
        $number = wp_update_post(wp_slash($step['post'] + ['ID' => $step['id']]), true);
    } elseif ($step['do'] === 'option') {
        update_option($step['name'], $step['value']);
        flush_rewrite_rules();
        $number = 0;
    } else {
        $number = wp_trash_post($step['id'])->ID;
    }
    if (is_wp_error($number)) {
        fwrite(STDERR, $number->get_error_message() . "\n");
        exit(1);
    }
    $numbers[] = $number;
}
wp_defer_term_counting(false);
$wpdb->query('COMMIT');
echo json_encode($numbers);
