//! The one test binary: what each file proves stands at its top.
#![allow(clippy::wildcard_enum_match_arm, reason = "a new variant that a test forgets fails the test")]

mod admin;
mod adminpay;
mod answers;
mod binary;
mod cli;
mod crash;
mod demo;
mod files;
mod full;
mod gone;
mod guard;
mod inspect;
mod intake;
mod ledger;
mod life;
mod limits;
mod models;
mod outbox;
mod park;
mod power;
mod privacy;
mod prompts;
mod races;
mod readme;
mod sale;
mod shop;
mod statement;
mod storm;
mod support;
mod tidy;
mod topup;
mod wrong;
