"""Every fault we promise to survive, and the tests that hold us to it.

A row that cannot be produced on this system says why instead. The rows are those of the project's
list of faults: A the API, B the process, C the data, D several processes, E the database, F
security.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent

CONNECTIONS = "tests/contract/test_connections.py"
REPLIES = "tests/contract/test_replies.py"
STATUSES = "tests/contract/test_statuses.py"
RUNS = "tests/contract/test_run.py"
WIRE = "tests/contract/test_safety.py"
STORM = "tests/contract/test_storm.py"
TOO_LONG = "tests/contract/test_too_long.py"
CLIENT = "tests/unit/embed"
INDEXING = "tests/unit/indexing"
FILES = "tests/unit/files"
TREES = "tests/unit/files/test_hostile_trees.py"
EXTRACT = "tests/unit/extract"
CHUNK = "tests/unit/chunk"
STORE = "tests/store"
SIDECARS = "tests/store/test_sidecars.py"
CLI = "tests/cli"
PROCESS = "tests/cli/test_process_faults.py"
CARE = "tests/cli/test_care.py"
TRIALS = "tests/safety/test_trials.py"
HARNESS = "tests/harness/test_harness.py"
FUZZ = "tests/fuzz/test_fuzz.py"
TUI = "tests/tui"

MATRIX: Final[dict[str, tuple[str, ...]]] = {
    # --- the API -------------------------------------------------------------------------------
    "A1 poisoned input": (
        f"{RUNS}::test_one_poisoned_text_is_isolated",
        f"{INDEXING}/test_run.py::test_a_poisoned_text_is_isolated_named_and_not_sent_again",
    ),
    "A2 context too long": (
        f"{TOO_LONG}::test_both_halves_are_embedded_and_their_weighted_mean_kept",
        f"{TOO_LONG}::test_a_text_whose_halves_are_too_long_as_well_fails_after_one_more_call",
    ),
    "A3 401, 403": (
        f"{STATUSES}::test_a_refused_key_is_named_by_its_source_and_last_letters",
        f"{CLI}/test_api.py::test_what_ends_a_run_is_told_with_the_right_status",
    ),
    "A4 402": (
        f"{RUNS}::test_running_out_of_credit_keeps_what_was_bought",
        f"{INDEXING}/test_run.py::"
        "test_no_credit_stops_at_once_keeps_what_is_done_and_goes_on_later",
    ),
    "A5 model gone": (
        f"{STATUSES}::test_a_model_nobody_serves_now_is_recognised",
        f"{CLI}/test_api.py::test_an_unknown_model_is_said_so",
    ),
    "A6 408, 409, 425": (
        f"{STATUSES}::test_each_status_has_its_meaning",
        f"{STATUSES}::test_a_passing_failure_is_survived",
    ),
    "A7 413": (
        f"{CLIENT}/test_dialect.py::test_a_batch_found_too_large_halves_the_limits",
        f"{CLIENT}/test_dialect.py::test_a_413_is_remembered_by_the_embedder",
    ),
    "A8 429": (
        f"{RUNS}::test_congestion_narrows_the_flow_for_all_workers",
        f"{CLIENT}/test_retry.py::test_the_window_is_halved_to_one_and_grows_back_slowly",
    ),
    "A9 Retry-After": (
        f"{STATUSES}::test_every_form_of_a_hint_is_understood",
        f"{STATUSES}::test_an_http_date_is_a_hint",
        f"{STATUSES}::test_a_long_pause_is_surfaced_and_kept_to",
    ),
    "A10 5xx": (
        f"{STATUSES}::test_a_passing_failure_is_survived",
        f"{CLIENT}/test_retry.py::test_the_circuit_opens_after_five_calls_and_closes_by_itself",
    ),
    "A11 an error in a 200": (f"{REPLIES}::test_an_error_inside_a_200_counts_as_that_error",),
    "A12 not a reply": (
        f"{REPLIES}::test_a_broken_reply_is_asked_for_twice_more_and_then_refused",
        f"{STATUSES}::test_an_odd_body_is_quoted_with_its_type",
    ),
    "A13 cut short": (f"{CONNECTIONS}::test_a_broken_connection_is_made_again",),
    "A14 wrong count": (
        f"{REPLIES}::test_a_broken_reply_is_asked_for_twice_more_and_then_refused",
        f"{WIRE}::test_no_mutated_reply_gives_a_vector_that_is_not_one",
    ),
    "A15 out of order": (f"{REPLIES}::test_odd_but_right_replies_are_accepted",),
    "A16 wrong index": (
        f"{REPLIES}::test_a_broken_reply_is_asked_for_twice_more_and_then_refused",
        f"{STORM}::test_every_passage_is_stored_once_and_right_or_listed_and_every_cent_is_booked",
    ),
    "A17 wrong width": (
        f"{REPLIES}::test_a_width_that_changes_in_mid_run_stops_it",
        f"{REPLIES}::test_a_width_other_than_the_index_has_stops_the_first_call",
    ),
    "A18 not finite, no number": (
        f"{REPLIES}::test_a_bad_vector_does_not_cost_its_neighbours",
        f"{WIRE}::test_a_batch_survives_bad_vectors",
    ),
    "A19 zero, denormal, huge": (
        f"{REPLIES}::test_a_bad_vector_does_not_cost_its_neighbours",
        "tests/unit/test_vectors.py::test_gate_says_what_is_wrong",
        f"{STORE}/test_spaces.py::test_a_bad_vector_stores_nothing_of_its_batch",
    ),
    "A20 base64": (
        f"{REPLIES}::test_base64_is_asked_for_and_read",
        f"{REPLIES}::test_a_bad_vector_does_not_cost_its_neighbours",
    ),
    "A21 another model": (f"{REPLIES}::test_another_model_in_the_reply_is_noted",),
    "A22 refused, reset": (
        f"{CONNECTIONS}::test_connections_that_keep_breaking_fail_the_call",
        f"{CONNECTIONS}::test_a_refused_connection_is_tried_again_when_indexing",
    ),
    "A23 offline": (
        f"{CONNECTIONS}::test_a_query_gives_up_at_once_when_nobody_is_there",
        "tests/safety/test_degraded.py::test_a_search_answers_in_six_degraded_modes",
    ),
    "A24 TLS": (
        f"{CONNECTIONS}::test_a_certificate_nobody_vouches_for_is_refused",
        f"{CONNECTIONS}::test_a_server_without_tls_is_refused_on_https",
        f"{CONNECTIONS}::test_a_trusted_certificate_is_accepted_for_its_name_only",
    ),
    "A25 silence": (f"{CONNECTIONS}::test_a_read_timeout_ends_a_silence",),
    "A26 dripping": (f"{CONNECTIONS}::test_the_deadline_holds_however_slowly_bytes_come",),
    "A27 huge replies": (
        f"{CONNECTIONS}::test_a_reply_without_measure_takes_no_memory",
        f"{CONNECTIONS}::test_a_compression_nobody_asked_for_is_refused",
    ),
    "A28 hostile JSON": (
        f"{REPLIES}::test_a_broken_reply_is_asked_for_twice_more_and_then_refused",
        f"{WIRE}::test_no_mutated_error_breaks_its_reader",
    ),
    "A29 redirects": (f"{CONNECTIONS}::test_a_redirect_is_named_and_never_followed",),
    "A30 hostile error text": (
        f"{WIRE}::test_an_echoed_key_reaches_no_message_and_no_traceback",
        f"{WIRE}::test_a_message_from_outside_cannot_drive_a_terminal",
        f"{CONNECTIONS}::test_an_endless_error_is_cut",
    ),
    "A31 list of models": (
        f"{WIRE}::test_a_models_list_that_cannot_be_had_is_a_typed_error",
        "tests/unit/engine/test_building.py::"
        "test_the_list_of_models_works_offline_after_it_was_fetched_once",
    ),
    "A32 usage": (f"{REPLIES}::test_odd_usage_costs_no_vectors",),
    "A33 proxies": (
        f"{CONNECTIONS}::test_loopback_is_never_reached_through_a_proxy",
        f"{CONNECTIONS}::test_https_goes_through_the_proxy_as_a_tunnel_without_the_key",
        f"{CLIENT}/test_endpoints.py::test_what_would_leak_or_mislead_is_refused",
    ),
    "A34 cancelled": (
        f"{INDEXING}/test_stopping.py::test_a_request_that_is_called_off_stays_in_the_books",
        f"{CONNECTIONS}::test_cancelling_ends_a_request_in_flight",
        f"{CONNECTIONS}::test_cancelling_ends_a_wait_between_attempts",
        f"{INDEXING}/test_stopping.py::test_an_answer_that_arrives_after_the_stop_is_stored",
    ),
    # --- the process ---------------------------------------------------------------------------
    "B1 Ctrl-C": (
        f"{CLI}/test_kill.py::test_killed_and_run_again",
        f"{TRIALS}::test_ctrl_c_ends_every_command_and_keeps_the_index",
    ),
    "B2 SIGTERM, SIGHUP": (
        f"{HARNESS}::test_signals_at_random_moments_give_the_terminal_back",
        f"{CLI}/test_kill.py::test_killed_and_run_again",
        f"{TUI}/test_terminal.py::test_signals_give_the_terminal_back",
    ),
    "B3 kill -9": (
        f"{HARNESS}::test_a_killed_run_loses_nothing_and_ends_as_if_undisturbed",
        f"{CLI}/test_kill.py::test_killed_and_run_again",
        f"{STORE}/test_transactions.py::"
        "test_after_kill_the_index_is_whole_and_holds_what_was_acknowledged",
        f"{CLI}/test_models.py::test_any_sequence_of_switches_kills_and_restarts_pays_once",
    ),
    "B5 power loss": (
        f"{HARNESS}::test_a_power_cut_loses_nothing_that_was_promised",
        f"{HARNESS}::test_the_power_harness_sees_a_loss",
    ),
    "B6 out of memory": (
        f"{PROCESS}::test_a_run_that_is_out_of_memory_ends_and_keeps_what_is_done",
        f"{STORE}/test_transactions.py::"
        "test_going_on_after_sqlite_rolled_back_by_itself_is_refused",
    ),
    "B7 disk full": (
        f"{HARNESS}::test_a_full_disk_is_told_and_survived",
        f"{STORE}/test_open.py::test_a_log_beside_which_nothing_can_be_made_is_read_all_the_same",
        f"{STORE}/test_transactions.py::test_a_full_disk_is_told_and_nothing_is_lost",
    ),
    "B8 quota": (f"{PROCESS}::test_a_file_that_may_not_grow_is_told_as_trouble_with_the_disk",),
    "B9 read-only disk": (
        f"{STORE}/test_open.py::test_search_works_where_nothing_can_be_written",
        f"{STORE}/test_open.py::test_a_log_that_cannot_be_read_is_not_ignored",
        "tests/safety/test_degraded.py::test_a_search_answers_in_six_degraded_modes",
    ),
    "B10 clocks": (
        f"{PROCESS}::test_a_clock_that_jumps_changes_no_wait",
        f"{PROCESS}::test_no_date_makes_a_file_be_read_again",
    ),
    "B11 suspended": (f"{PROCESS}::test_a_suspended_run_goes_on_where_it_was",),
    "B12 stopped holder": (f"{PROCESS}::test_a_stopped_holder_is_named_and_searches_go_on",),
    "B13 pipes and locales": (
        f"{PROCESS}::test_a_closed_pipe_is_silent",
        f"{PROCESS}::test_any_locale_and_a_dumb_terminal_will_do",
        f"{TUI}/test_terminal.py::test_a_dumb_terminal_gets_the_help",
    ),
    "B14 fork": ("tests/test_forbidden.py::test_nothing_runs_data_or_forks",),
    "B15 few descriptors": (f"{PROCESS}::test_few_open_files_are_enough",),
    "B16 odd places": (
        f"{PROCESS}::test_a_place_that_cannot_be_made_is_told",
        f"{STORE}/test_placement.py::"
        "test_an_index_in_a_synchronised_folder_has_no_log_and_gets_none",
    ),
    # --- the data ------------------------------------------------------------------------------
    "C1 binary": (
        f"{FILES}/test_read.py::test_binary_is_told_from_text",
        f"{INDEXING}/test_apart.py::test_the_answer_is_the_same_as_here",
    ),
    "C2 broken encodings": (f"{EXTRACT}/test_decode.py::*",),
    "C3 byte order marks": (f"{EXTRACT}/test_decode.py::*",),
    "C4 nothing to read": (
        f"{EXTRACT}/test_extraction.py::test_nothing_to_read_is_empty",
        f"{INDEXING}/test_run.py::test_a_file_without_text_is_recorded_and_not_read_again",
    ),
    "C5 line ends": (
        f"{CHUNK}/test_properties.py::test_lines_are_those_of_an_editor",
        f"{EXTRACT}/test_plain.py::test_vertical_tab_form_feed_and_separators_do_not_end_a_line",
    ),
    "C6 size and lies about it": (
        f"{FILES}/test_read.py::test_a_large_file_is_refused_without_reading_it",
        f"{FILES}/test_read.py::test_a_file_that_lies_about_its_size_is_not_believed",
    ),
    "C7 endless lines": (
        f"{EXTRACT}/test_extraction.py::test_hostile_texts_are_read_in_linear_time",
        f"{CHUNK}/test_properties.py::test_chunks_are_bounded",
        f"{INDEXING}/test_apart.py::test_a_file_with_more_passages_than_a_file_may_have_says_so",
    ),
    "C8 deep trees": (
        f"{TREES}::test_a_tree_deeper_than_a_path_may_be_long_is_walked_and_read",
        f"{TREES}::test_a_path_without_bound_is_reported_and_the_rest_is_walked",
    ),
    "C9 wide trees": (
        f"{PROCESS}::test_a_huge_folder_is_walked_in_little_memory",
        f"{TREES}::test_few_descriptors_are_open_however_often_it_goes_up_and_down",
    ),
    "C10 symlinks": (
        f"{TREES}::test_links_are_reported_and_not_followed",
        f"{TREES}::test_followed_links_stay_inside_and_end",
    ),
    "C11 special files": (f"{TREES}::test_special_files_are_reported_and_never_opened",),
    "C12 permissions": (
        f"{FILES}/test_read.py::test_permissions_are_a_reason",
        f"{TREES}::test_a_root_that_may_not_be_read_never_looks_empty",
    ),
    "C13 odd names": (f"{TREES}::test_every_name_survives_and_opens",),
    "C14 names that are no UTF-8": (
        f"{STORE}/test_documents.py::test_names_are_bytes",
        "tests/unit/present/test_envelope.py::test_a_name_that_is_not_utf8_comes_with_its_bytes",
    ),
    "C15 changing while read": (
        f"{FILES}/test_read.py::test_a_file_written_to_while_it_is_read_is_read_again",
        f"{FILES}/test_read.py::test_a_file_cut_or_appended_to_while_it_is_read_is_read_again",
    ),
    "C16 vanished roots": (
        f"{INDEXING}/test_plan.py::test_a_vanished_root_keeps_its_index",
        f"{INDEXING}/test_plan.py::test_a_root_that_is_suddenly_empty_keeps_its_index_until_agreed",
        f"{TREES}::test_a_root_that_vanishes_during_the_walk_never_looks_empty",
    ),
    "C17 edits within the clock's grain": (
        f"{FILES}/test_fingerprint.py::test_a_file_written_just_before_or_during_the_scan_is_racy",
    ),
    "C18 times put back": (
        f"{FILES}/test_scan.py::test_a_same_size_edit_with_its_old_time_put_back_is_seen",
        f"{PROCESS}::test_no_date_makes_a_file_be_read_again",
    ),
    "C20 the same file twice": (
        f"{PROCESS}::test_roots_inside_roots_are_listed_twice_and_paid_for_once",
        f"{TREES}::test_hard_links_share_an_identity",
    ),
    "C21 hostile ignore files": (
        f"{FILES}/test_wildmatch.py::test_no_pattern_can_explode",
        f"{FILES}/test_wildmatch.py::test_a_walk_meets_hostile_patterns_in_linear_time",
        f"{FILES}/test_ignore.py::test_the_number_of_patterns_is_limited",
    ),
    "C22 pages that hang parsers": (
        f"{EXTRACT}/test_extraction.py::test_hostile_texts_are_read_in_linear_time",
        f"{INDEXING}/test_apart.py::"
        "test_a_file_that_takes_too_long_is_failed_and_the_next_one_is_read",
        f"{INDEXING}/test_apart.py::test_memory_is_limited",
        f"{INDEXING}/test_apart.py::test_a_run_lists_what_could_not_be_read_and_goes_on",
    ),
    "C24 XML entities": (f"{EXTRACT}/test_plain.py::test_entities_of_xml_are_text",),
    "C26 deep nesting": (
        f"{EXTRACT}/test_extraction.py::test_labels_and_depth_are_bounded",
        f"{EXTRACT}/test_frontmatter.py::test_aliases_and_anchors_are_never_expanded",
    ),
    "C27 odd characters": (
        f"{CHUNK}/test_passage.py::test_clean_text_is_stable_composed_and_can_be_encoded",
        "tests/unit/test_text.py::test_width_in_cells",
    ),
    "C28 our own files": (
        f"{TREES}::test_our_own_folder_and_files_are_passed_over_under_any_name",
    ),
    "C29 secrets": (
        f"{CHUNK}/test_passage.py::test_a_secret_withholds_the_passages_it_touches",
        f"{TRIALS}::test_keys_and_secrets_stay_where_they_belong",
    ),
    # --- several processes ---------------------------------------------------------------------
    "D1 two indexers": (
        f"{CLI}/test_api.py::test_a_second_indexer_is_told_who_holds_the_index",
        f"{PROCESS}::test_a_stopped_holder_is_named_and_searches_go_on",
    ),
    "D2 writers and a reader": (f"{TRIALS}::test_writers_and_a_reader_get_on",),
    "D3 cold opens": (f"{STORE}/test_open.py::test_six_processes_open_a_cold_index",),
    "D4 answers meanwhile": (
        f"{SIDECARS}::test_answers_go_on_while_the_index_is_changed_in_every_way",
    ),
    "D5 long-lived readers": (
        f"{SIDECARS}::test_the_log_does_not_grow_without_end_under_a_long_lived_reader",
    ),
    "D6 index moved": (
        f"{STORE}/test_transactions.py::test_an_index_that_was_moved_away_is_not_written_to",
    ),
    "D7 two versions": (
        f"{SIDECARS}::test_a_newer_version_in_the_log_is_seen_by_whoever_writes",
        f"{STORE}/test_open.py::test_a_migration_in_another_process_stops_this_one_from_writing",
    ),
    "D11 superseded queries": (
        f"{TUI}/test_engine_thread.py::test_a_superseded_statement_is_stopped_and_no_other",
        f"{TUI}/test_search.py::test_an_answer_to_an_older_question_is_dropped",
    ),
    # --- the database --------------------------------------------------------------------------
    "E1 newer": (
        f"{STORE}/test_open.py::test_a_newer_index_is_refused_and_not_changed",
        f"{CARE}::test_a_newer_index_is_neither_checked_nor_repaired",
    ),
    "E2 older": (
        f"{STORE}/test_open.py::test_an_index_of_every_older_version_becomes_one_of_today",
        f"{STORE}/test_open.py::test_an_older_index_is_copied_aside_and_migrated",
        f"{STORE}/test_open.py::test_a_migration_that_fails_leaves_the_old_version",
    ),
    "E3 not an index": (
        f"{STORE}/test_open.py::test_a_file_that_is_no_database_is_refused_and_kept",
        f"{STORE}/test_open.py::test_another_applications_database_is_left_as_it_is",
        f"{CARE}::test_a_file_that_was_never_an_index_is_left_where_it_is",
    ),
    "E4 flipped bits": (
        f"{STORE}/test_seals.py::test_a_changed_value_is_found",
        f"{FUZZ}::test_hostile_input_breaks_no_promise",
        f"{STORE}/test_check.py::test_flipped_bits_are_found_or_harmless_and_never_crash",
        f"{STORE}/test_check.py::test_damage_is_found_and_mended",
        f"{STORE}/test_salvage.py::test_a_torn_page_costs_what_was_on_it",
        f"{CARE}::test_a_file_sqlite_cannot_open_is_moved_aside_with_its_log",
    ),
    "E5 shadow tables": (
        f"{STORE}/test_check.py::test_a_bit_that_flips_in_a_keyword_table_is_found",
        f"{SIDECARS}::test_a_schema_that_would_run_something_is_refused_before_it_can",
    ),
    "E6 the log": (
        f"{SIDECARS}::test_a_damaged_log_leaves_the_beginning_of_what_was_done",
        f"{SIDECARS}::test_a_missing_log_is_a_shorter_past",
    ),
    "E7 the index of the log": (
        f"{SIDECARS}::test_the_index_of_the_log_is_made_again",
        f"{STORE}/test_open.py::test_a_log_that_cannot_be_read_is_not_ignored",
    ),
    "E8 no extension": (
        f"{STORE}/test_nearest.py::test_without_the_extension_the_same_is_found",
        f"{STORE}/test_nearest.py::test_a_library_that_does_not_load_is_told_and_replaced",
    ),
    "E9 another machine": (
        f"{SIDECARS}::test_an_index_of_another_machine_is_searched_and_changed",
    ),
    "E10 half built spaces": (
        "tests/unit/engine/test_switching.py::"
        "test_a_capped_build_goes_on_where_it_stopped_and_pays_nothing_twice",
        f"{CLI}/test_models.py::test_what_is_missing_is_said",
    ),
    "E11 freed pages": (f"{STORE}/test_forget.py::test_dropping_a_space_gives_its_room_back",),
    "E12 hostile schema": (
        f"{STORE}/test_open.py::test_a_schema_that_is_not_ours_word_for_word_is_refused",
        f"{SIDECARS}::test_a_schema_that_would_run_something_is_refused_before_it_can",
    ),
    "E13 keywords out of step": (
        f"{STORE}/test_check.py::test_damage_is_found_and_mended",
        f"{STORE}/test_check.py::test_derived_tables_come_back_as_they_were",
    ),
    # --- security ------------------------------------------------------------------------------
    "F1 escapes": (
        f"{TUI}/test_terminal.py::test_nothing_from_names_and_notes_reaches_the_terminal",
        f"{TUI}/test_hostile_screens.py::"
        "test_no_screen_lets_a_name_a_model_or_a_message_drive_the_terminal",
        "tests/unit/present/test_human.py::test_hostile_text_in_every_field_is_harmless",
    ),
    "F2 escapes that parsers make": (
        f"{TUI}/test_terminal.py::test_the_last_filter_lets_no_control_character_pass",
        "tests/unit/test_text.py::test_no_control_survives",
    ),
    "F3 JSON on a terminal": (
        "tests/unit/present/test_envelope.py::"
        "test_output_is_one_line_of_visible_ascii_and_strict_unicode",
    ),
    "F4 markup": (
        f"{TUI}/test_hostile_screens.py::"
        "test_no_screen_lets_a_name_a_model_or_a_message_drive_the_terminal",
    ),
    "F5 links": (
        "tests/unit/present/test_human.py::test_paths_on_a_terminal_are_harmless",
        "tests/unit/present/test_human.py::test_highlighting_adds_only_our_own_sequences",
    ),
    "F6 editors": (
        f"{TUI}/test_editor.py::test_each_editor_gets_the_line_its_own_way",
        f"{TUI}/test_terminal.py::test_a_hit_opens_in_the_editor_at_its_line_and_one_comes_back",
    ),
    "F7 the key": (
        f"{TRIALS}::test_keys_and_secrets_stay_where_they_belong",
        f"{CLI}/test_api.py::test_the_key_is_nowhere_but_in_the_request",
        f"{TUI}/test_terminal.py::test_a_crash_tells_the_place_and_no_value",
    ),
    "F8 odd keys": (
        f"{WIRE}::test_a_key_with_odd_characters_is_refused_without_showing_it",
        "tests/unit/test_keys.py::test_a_malformed_key_is_refused_without_repeating_it",
    ),
    "F9 key files": (
        "tests/unit/test_keys.py::test_a_key_file_others_can_read_is_refused",
        "tests/unit/test_keys.py::test_a_key_file_that_is_a_link_is_refused",
    ),
    "F10 modes": (f"{STORE}/test_open.py::test_a_new_index_and_its_folder_are_private",),
    "F11 forgotten text": (
        f"{STORE}/test_forget.py::test_no_trace_stays_in_the_files",
        f"{CLI}/test_api.py::test_forget_leaves_no_trace_of_text_or_vectors",
    ),
    "F12 files of keys": (
        f"{FILES}/test_rules.py::test_a_secret_is_listed_and_never_taken",
        f"{FILES}/test_rules.py::test_folders_of_secrets_are_listed_and_not_entered",
    ),
    "F13 secrets in notes": (
        f"{CHUNK}/test_secrets.py::test_planted_secrets_are_found",
        f"{TRIALS}::test_keys_and_secrets_stay_where_they_belong",
    ),
    "F14 hidden files": (
        f"{FILES}/test_rules.py::"
        "test_hidden_names_are_taken_when_asked_for_but_never_version_control",
        f"{TREES}::test_other_file_systems_are_entered_unless_told_otherwise",
    ),
    "F15 swapped symlinks": (
        f"{TRIALS}::test_a_swapped_folder_never_leads_out",
        f"{FILES}/test_read.py::test_a_swapped_symlink_leaks_nothing",
    ),
    "F16 query syntax": (
        f"{FUZZ}::test_hostile_input_breaks_no_promise",
        "tests/unit/searching/test_lexical.py::test_two_thousand_hostile_strings_are_understood",
        "tests/unit/searching/test_query.py::"
        "test_two_thousand_hostile_strings_are_parsed_or_refused",
    ),
    "F17 SQL": (f"{SIDECARS}::test_names_from_outside_are_values_and_never_sql",),
    "F18 no code from data": ("tests/test_forbidden.py::test_nothing_runs_data_or_forks",),
    "F19 addresses": (
        f"{CLIENT}/test_endpoints.py::test_what_would_leak_or_mislead_is_refused",
        f"{CLIENT}/test_endpoints.py::test_any_text_is_refused_or_becomes_a_safe_address",
    ),
    "F20 settings from elsewhere": (
        f"{PROCESS}::test_nothing_in_an_indexed_folder_is_a_setting_or_an_index",
    ),
    "F21 temporary files": (f"{PROCESS}::test_nothing_is_left_in_folders_of_others",),
    "F25 versions": (
        f"{SIDECARS}::test_an_sqlite_that_is_too_old_is_refused_before_it_touches_a_file",
        "tests/test_docs.py::test_every_dependency_says_why_it_is_there",
        "tests/test_locked.py::test_every_locked_package_has_hashes",
        "tests/test_locked.py::test_what_is_locked_is_what_we_declare",
    ),
    "F26 logs": (f"{WIRE}::test_neither_debug_logs_nor_the_objects_show_the_key",),
}

ELSEWHERE: Final[dict[str, str]] = {
    "B4": "a killed terminal UI cannot restore the terminal; the index is that of B3",
    "C19": "this kernel has no file system that ignores case",
    "C23": "no archive format is read",
    "C25": "PDF is not read",
}
"""Rows without a test in the suite, and why."""

WANTED: Final = (
    [f"A{number}" for number in range(1, 35)]
    + [f"B{number}" for number in range(1, 17)]
    + [f"C{number}" for number in range(1, 30)]
    + ["D1", "D2", "D3", "D4", "D5", "D6", "D7", "D11"]
    + [f"E{number}" for number in range(1, 14)]
    + [f"F{number}" for number in [*range(1, 22), 25, 26]]
)


@lru_cache(maxsize=64)
def names_in(path: str) -> frozenset[str]:
    """Names of the tests a file defines; none where there is no such file."""
    file = ROOT / path
    if not file.exists():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name.startswith("test_")
    )


@pytest.mark.parametrize("row", MATRIX)
def test_what_proves_a_row_exists(row: str) -> None:
    for test in MATRIX[row]:
        path, _, name = test.partition("::")
        names = names_in(path)
        assert names, f"{path} has no tests"
        assert name == "*" or name in names, f"{test} does not exist"


def test_every_row_is_proven_or_says_why_not() -> None:
    rows = [row.split(" ", 1)[0] for row in MATRIX]
    assert len(rows) == len(set(rows))
    assert set(rows) | set(ELSEWHERE) == set(WANTED)
    assert not set(rows) & set(ELSEWHERE)
