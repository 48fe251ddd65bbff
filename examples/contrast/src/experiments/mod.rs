//! The catalogue.

mod actor;
mod article;
mod big_ping_pong;
mod blocking_io;
mod callback_bridge;
mod cancel;
mod chain;
mod contention;
mod continuation;
mod cost_ladder;
mod crossover;
mod dataflow;
mod deadlock;
mod depth;
mod exit_mailbox;
mod generator;
mod group;
mod herd;
mod lost_update;
mod mailbox;
mod million;
mod models;
mod netty_style;
mod one_core;
mod overflow;
mod ping_pong;
mod pipeline;
mod read_cost;
mod rendezvous;
mod resume_point;
mod ring;
mod select;
mod size;
mod skynet;
mod sleepers;
mod spinner;
mod string_lock;
mod throughput;
mod trace;

use anyhow::{Result, bail};

use crate::experiment::Experiment;

/// All of them, in the order of the page.
pub fn all() -> Vec<&'static Experiment> {
    vec![
        &resume_point::EXPERIMENT,
        &size::EXPERIMENT,
        &generator::EXPERIMENT,
        &continuation::EXPERIMENT,
        &trace::EXPERIMENT,
        &models::EXPERIMENT,
        &cost_ladder::EXPERIMENT,
        &million::EXPERIMENT,
        &sleepers::EXPERIMENT,
        &one_core::EXPERIMENT,
        &depth::EXPERIMENT,
        &skynet::EXPERIMENT,
        &ring::EXPERIMENT,
        &chain::EXPERIMENT,
        &ping_pong::EXPERIMENT,
        &big_ping_pong::EXPERIMENT,
        &read_cost::EXPERIMENT,
        &netty_style::EXPERIMENT,
        &blocking_io::EXPERIMENT,
        &crossover::EXPERIMENT,
        &throughput::EXPERIMENT,
        &article::EXPERIMENT,
        &mailbox::EXPERIMENT,
        &select::EXPERIMENT,
        &exit_mailbox::EXPERIMENT,
        &group::EXPERIMENT,
        &cancel::EXPERIMENT,
        &overflow::EXPERIMENT,
        &rendezvous::EXPERIMENT,
        &deadlock::EXPERIMENT,
        &contention::EXPERIMENT,
        &lost_update::EXPERIMENT,
        &string_lock::EXPERIMENT,
        &herd::EXPERIMENT,
        &spinner::EXPERIMENT,
        &actor::EXPERIMENT,
        &dataflow::EXPERIMENT,
        &pipeline::EXPERIMENT,
        &callback_bridge::EXPERIMENT,
    ]
}

pub fn named(name: &str) -> Result<&'static Experiment> {
    let Some(experiment) = all().into_iter().find(|experiment| experiment.name == name) else {
        let names: Vec<_> = all().iter().map(|experiment| experiment.name).collect();
        bail!(
            "no experiment is called {name:?}; there are {}",
            names.join(", ")
        );
    };
    Ok(experiment)
}

/// Those with these names, in the order of the page; all, if there is no name.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Experiment>> {
    for name in names {
        named(name)?;
    }
    let wanted = |experiment: &&Experiment| {
        names.is_empty() || names.iter().any(|name| name == experiment.name)
    };
    Ok(all()
        .into_iter()
        .filter(|experiment| wanted(experiment))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_questions_are_well_formed() {
        for experiment in all() {
            let same = all()
                .iter()
                .filter(|other| other.name == experiment.name)
                .count();
            assert_eq!(same, 1, "{}", experiment.name);
            assert!(
                experiment
                    .name
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter == '_')
            );
            for question in experiment.answers {
                let number = question
                    .strip_prefix('C')
                    .and_then(|number| number.parse().ok());
                assert!(
                    number.is_some_and(|number: u32| (1..=30).contains(&number)),
                    "{question}"
                );
            }
        }
    }
}
