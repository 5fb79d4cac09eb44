//! The repositories' behaviour, the same on SQLite, on PostgreSQL, and with Redis beside: each test of `suites!` runs on all.
//! PostgreSQL needs `PORTCULLIS_TEST_POSTGRES`, as `tests/postgres.sh` sets it, Redis `PORTCULLIS_TEST_REDIS` by
//! `tests/redis.sh`; without them those tests pass unseen.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "storage/api_keys.rs"]
mod api_keys;
#[path = "storage/clients.rs"]
mod clients;
#[path = "storage/codes.rs"]
mod codes;
#[path = "storage/devices.rs"]
mod devices;
#[path = "storage/endings.rs"]
mod endings;
#[path = "storage/families.rs"]
mod families;
#[path = "storage/housekeeping.rs"]
mod housekeeping;
#[path = "storage/imports.rs"]
mod imports;
#[path = "storage/keys.rs"]
mod keys;
#[path = "storage/logout.rs"]
mod logout;
#[path = "storage/mail.rs"]
mod mail;
#[path = "storage/on_postgres.rs"]
mod on_postgres;
#[path = "storage/on_redis.rs"]
mod on_redis;
#[path = "storage/on_sqlite.rs"]
mod on_sqlite;
#[path = "storage/passkeys.rs"]
mod passkeys;
#[path = "storage/registration.rs"]
mod registration;
#[path = "storage/schema.rs"]
mod schema;
#[path = "storage/sessions.rs"]
mod sessions;
#[path = "storage/throttles.rs"]
mod throttles;
#[path = "storage/upstream.rs"]
mod upstream;
#[path = "storage/users.rs"]
mod users;
#[path = "storage/world.rs"]
mod world;

macro_rules! suites {
    ($($module:ident { $($test:ident)+ })+) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::$module::$test(crate::world::World::sqlite().await).await;
                })+
            })+
        }
        mod postgres {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    if let Some(world) = crate::world::World::postgres().await {
                        crate::$module::$test(world).await;
                    }
                })+
            })+
        }
        mod redis {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    if let Some(world) = crate::world::World::redis().await {
                        crate::$module::$test(world).await;
                    }
                })+
            })+
        }
    };
}

suites! {
    upstream {
        a_way_to_a_provider_is_taken_once_in_time_and_for_that_provider
        an_account_there_is_one_persons_here
        a_session_is_found_by_what_it_stands_on_as_long_as_it_lasts
        what_was_done_is_remembered_until_it_would_be_too_old
        of_two_last_ways_in_that_are_taken_away_at_once_one_stays
        a_connection_that_was_taken_away_is_made_again_by_its_person_alone
    }
    logout {
        a_session_knows_the_clients_it_has_signed_in_to
        s139_each_listening_client_of_an_ended_session_gets_one_notice
        of_many_takers_one_gets_each_notice
        a_notice_is_delivered_retried_postponed_or_given_up
    }
    api_keys {
        an_api_key_is_found_by_its_secret_while_it_and_its_owner_live
        an_owner_has_so_many_live_api_keys_and_no_more
        an_api_key_is_revoked_once_by_its_owner_and_that_is_on_record
        all_live_api_keys_of_a_person_end_with_what_else_they_had_if_they_wish_so
        uses_of_api_keys_move_forward_only
    }
    clients {
        a_client_is_kept_changed_and_deleted_and_each_change_moves_the_version
        a_client_id_is_given_once
        deleting_a_client_deletes_what_hangs_on_it
    }
    registration {
        an_initial_access_token_lets_in_as_many_at_once_as_it_has_uses
        an_initial_access_token_is_found_by_its_secret_until_it_expires_or_is_revoked
        a_registration_changes_only_by_its_token_of_now
        a_client_that_is_not_used_goes_and_one_that_is_used_stays
        a_document_is_kept_once_and_replaced_when_it_changes
    }
    users {
        a_user_is_found_by_id_user_name_and_email
        nobodys_name_becomes_anothers_address_whoever_is_first
        a_user_name_or_email_is_given_once
        users_are_listed_in_pages_by_user_name
        of_many_first_administrators_one_is_made
        an_address_is_changed_and_nothing_else
        a_password_hash_is_upgraded_only_from_the_one_that_was_read
        a_new_password_ends_everything_from_before
        disabling_a_user_ends_everything_and_enabling_revives_nothing
    }
    sessions {
        a_session_is_found_only_while_everything_about_it_holds
        a_session_proved_before_signing_out_everywhere_is_void_however_late_it_is_written
        no_session_of_a_sign_in_in_flight_outlives_a_new_password
        a_session_is_touched_at_most_once_a_minute
        a_renewed_session_keeps_its_id_and_loses_its_old_secret
        ending_a_session_ends_its_families_but_not_the_offline_ones
        live_sessions_are_counted
        a_transaction_moves_on_only_from_where_it_was_read
        of_many_completions_of_a_transaction_one_counts
        a_consent_is_remembered_and_replaced
    }
    endings {
        taking_a_consent_back_ends_all_that_came_from_it
        revocations_are_followed_in_order_and_none_is_skipped
        a_repeated_revocation_reaches_further_never_less_far
        an_expired_revocation_is_not_told
    }
    codes {
        of_many_consumers_of_a_code_one_gets_it_fresh
        a_code_with_another_secret_or_past_its_end_is_unknown
        redeeming_a_code_begins_its_family
        of_many_redemptions_one_begins_the_family
        a_code_is_not_redeemed_when_what_it_stands_on_has_ended
        a_redemption_that_cannot_begin_its_family_does_not_consume_the_code
        an_access_token_is_found_by_its_secret_until_it_expires
    }
    families {
        a_family_rotates_and_keeps_its_end
        the_token_before_gives_the_same_successor_within_the_grace
        the_token_before_after_the_grace_ends_the_family
        an_older_token_ends_the_family_also_within_the_grace
        another_clients_token_changes_nothing
        a_family_is_dead_when_what_it_stands_on_has_ended
        of_many_rotations_of_one_token_one_rotates_and_the_others_repeat
        many_families_rotate_beside_each_other
        a_revoked_family_stays_revoked_and_is_never_begun_again
        beginning_and_revoking_a_family_at_once_never_leaves_it_alive
    }
    devices {
        a_device_is_found_by_its_code_and_while_pending_by_the_users_code
        a_user_code_is_given_once_while_it_lives
        a_device_is_decided_once
        an_approved_device_is_consumed_once_and_begins_its_family
        a_device_is_not_consumed_when_what_it_stands_on_has_ended
        what_was_let_in_after_signing_out_everywhere_is_consumed_however_old_its_request
        slowing_down_adds_up
    }
    imports {
        those_whose_names_are_free_are_made_and_the_others_are_told_apart
        nobodys_name_is_taken_in_that_is_anothers_address
        of_two_imports_at_once_each_person_is_made_once
    }
    keys {
        instances_that_rotate_at_once_make_one_key
        retired_keys_leave_the_list_when_their_time_is_over
        a_server_secret_is_what_the_first_instance_stored
    }
    passkeys {
        a_credential_belongs_to_one_account
        a_use_is_noted_when_the_counter_has_grown_or_there_is_none
        a_challenge_is_answered_once_in_time_and_by_its_browser
        a_passkey_is_offered_once_in_a_while
        neither_a_passkey_nor_an_app_is_added_by_a_session_that_is_void
        the_last_way_in_stays_unless_another_provider_remains
    }
    throttles {
        attempts_are_free_then_delayed_then_forgotten
        of_a_rate_there_are_so_many_within_a_window_from_its_first
        a_blocked_key_counts_nothing_for_the_others
        a_refunded_attempt_leaves_no_block_and_a_cleared_one_no_trace
        a_refund_leaves_the_block_that_a_later_failure_brought
        attempts_at_once_are_all_counted
    }
    mail {
        of_many_instances_one_takes_a_mail
        a_mail_waits_is_sent_or_fails_and_is_tried_again_on_demand
        s208_a_mailed_link_is_used_once_and_for_its_purpose_alone
        a_mailed_code_has_few_tries_in_one_browser_and_is_exchanged_once
        a_new_request_kills_the_old_one_and_a_new_password_all_of_them
        accepted_terms_keep_their_first_time
        of_many_new_accounts_by_one_link_one_is_made_and_a_name_that_is_taken_costs_no_link
    }
    housekeeping {
        something_is_remembered_once_until_it_expires
        a_setup_link_is_used_once
        a_lease_has_one_holder_until_it_ends
        sweeping_removes_what_has_expired_in_small_steps
        a_consumed_code_is_remembered_for_a_while_after_it_expired
        audit_events_are_listed_newest_first
        audit_events_go_when_they_are_old_in_small_steps
        audit_events_are_kept_when_the_store_closes
        the_store_answers_a_ping_until_it_is_closed
    }
}
