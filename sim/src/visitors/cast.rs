//! The people at work: when each of them reads, types and writes. The only file here with time in it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::face::{Face, Heard};
use super::newcomers::NEWCOMERS;
use super::person::{Act, Person, Role};
use super::scripts::REGULARS;
use crate::messenger::Graph;
use crate::random::Random;
use crate::telegram::{BotApi, People};

/// With a bot beside the Page, every so many people go there.
const TO_THE_BOT: usize = 3;

/// How lively the people are.
#[derive(Clone, Debug)]
pub struct CastOptions {
    /// The same seed gives the same people, words and pauses.
    pub seed: u64,
    /// When the first of them writes; the demo wants a full desk within a second.
    pub first_after: Duration,
    /// Between the beginnings of two people.
    pub arrival: RangeInclusive<Duration>,
    /// Between two lines one person writes in a row.
    pub line: RangeInclusive<Duration>,
    /// From the operator's message until it is read.
    pub reading: RangeInclusive<Duration>,
    /// From reading until the answer.
    pub typing: RangeInclusive<Duration>,
    /// Between two newcomers.
    pub newcomer: RangeInclusive<Duration>,
    /// How many newcomers come in all.
    pub newcomers: usize,
}

impl Default for CastOptions {
    fn default() -> Self {
        let millis = |from, to| Duration::from_millis(from)..=Duration::from_millis(to);
        Self {
            seed: 2026,
            first_after: Duration::from_millis(50),
            arrival: millis(150, 450),
            line: millis(120, 400),
            reading: millis(300, 900),
            typing: millis(1000, 3000),
            newcomer: millis(20_000, 40_000),
            newcomers: 24,
        }
    }
}

/// Scripted people in front of the first Page of a Graph, and of a bot. They leave when this is dropped.
#[derive(Debug)]
pub struct Cast {
    playing: JoinHandle<()>,
}

impl Cast {
    /// Lets the people come in. They answer every message the Page sends them from now on, until their words run out.
    pub fn start(graph: &Graph, options: CastOptions) -> Self {
        Self::play(graph, None, options)
    }

    /// The same, and every third of them writes to a bot.
    pub fn start_mixed(graph: &Graph, bot: &BotApi, options: CastOptions) -> Self {
        Self::play(graph, Some(bot), options)
    }

    fn play(graph: &Graph, bot: Option<&BotApi>, options: CastOptions) -> Self {
        let mut stage = Stage::new(graph, bot.map(BotApi::people), options);
        let (heard_tx, heard_rx) = mpsc::unbounded_channel();
        let of_page = listen(graph.follow_sent(), heard_tx.clone());
        let of_bot = bot.map(|bot| listen(bot.follow_sent(), heard_tx));
        let of_bot = async {
            if let Some(of_bot) = of_bot {
                of_bot.await;
            }
        };
        let playing = async move {
            tokio::join!(of_page, of_bot, stage.play(heard_rx));
        };
        Self {
            playing: tokio::spawn(playing),
        }
    }

    /// Sends everyone away and waits until they are gone.
    pub async fn stop(mut self) {
        self.playing.abort();
        if let Err(fault) = (&mut self.playing).await
            && !fault.is_cancelled()
        {
            tracing::warn!(%fault, "the scripted visitors ended badly");
        }
    }
}

/// Passes on what is said on one platform.
async fn listen<T: Into<Heard>>(
    mut sent_rx: mpsc::UnboundedReceiver<T>,
    heard_tx: mpsc::UnboundedSender<Heard>,
) {
    while let Some(sent) = sent_rx.recv().await {
        if heard_tx.send(sent.into()).is_err() {
            return;
        }
    }
}

impl Drop for Cast {
    fn drop(&mut self) {
        self.playing.abort();
    }
}

/// Something that will happen at a certain moment.
#[derive(Debug)]
enum Step {
    /// The next regular person comes in.
    Regular(usize),
    /// The n-th newcomer comes in.
    Newcomer(usize),
    Reads {
        who: String,
    },
    /// Thinks of an answer to what was said last.
    Answers {
        who: String,
    },
    Does {
        who: String,
        act: Act,
    },
}

/// One person with their handle and what the operator said last.
#[derive(Debug)]
struct Player {
    person: Person,
    face: Face,
    heard: String,
    heard_mid: String,
    /// An answer is already planned: lines that follow meanwhile are answered together.
    is_answering: bool,
}

#[derive(Debug)]
struct Stage {
    graph: Graph,
    bot: Option<People>,
    entered: usize,
    options: CastOptions,
    random: Random,
    players: BTreeMap<String, Player>,
    /// Ordered by time, then by a number so that equal times keep their order.
    plan: BTreeMap<(Instant, u64), Step>,
    next_number: u64,
    first_newcomer: usize,
}

impl Stage {
    fn new(graph: &Graph, bot: Option<People>, options: CastOptions) -> Self {
        let mut random = Random::new(options.seed);
        let first_newcomer = random.below(NEWCOMERS.len());
        let mut stage = Self {
            graph: graph.clone(),
            bot,
            entered: 0,
            random,
            players: BTreeMap::new(),
            plan: BTreeMap::new(),
            next_number: 0,
            first_newcomer,
            options,
        };
        let start = Instant::now();
        stage.schedule(start + stage.options.first_after, Step::Regular(0));
        if stage.options.newcomers > 0 {
            let wait = stage.random.between(&stage.options.newcomer);
            stage.schedule(start + wait, Step::Newcomer(0));
        }
        stage
    }

    async fn play(&mut self, mut heard_rx: mpsc::UnboundedReceiver<Heard>) {
        loop {
            let next = self.plan.keys().next().map(|(at, _)| *at);
            tokio::select! {
                heard = heard_rx.recv() => match heard {
                    Some(heard) => self.hear(&heard),
                    None => return,
                },
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    if let Some((_, step)) = self.plan.pop_first() {
                        self.perform(step);
                    }
                }
            }
        }
    }

    fn schedule(&mut self, at: Instant, step: Step) {
        self.next_number += 1;
        self.plan.insert((at, self.next_number), step);
    }

    fn hear(&mut self, heard: &Heard) {
        let Some(player) = self.players.get_mut(&heard.who) else {
            return;
        };
        player.heard.push_str(&heard.text);
        player.heard.push('\n');
        player.heard_mid.clone_from(&heard.message);
        let is_answering = std::mem::replace(&mut player.is_answering, true);
        let who = heard.who.clone();
        let reads_at = Instant::now() + self.random.between(&self.options.reading);
        self.schedule(reads_at, Step::Reads { who: who.clone() });
        if !is_answering {
            let answers_at = reads_at + self.random.between(&self.options.typing);
            self.schedule(answers_at, Step::Answers { who });
        }
    }

    fn perform(&mut self, step: Step) {
        match step {
            Step::Regular(index) => {
                let Some(role) = REGULARS.get(index) else {
                    return;
                };
                self.enter(role);
                let wait = self.random.between(&self.options.arrival);
                self.schedule(Instant::now() + wait, Step::Regular(index + 1));
            }
            Step::Newcomer(count) => self.newcomer(count),
            Step::Reads { who } => {
                if let Some(player) = self.players.get(&who) {
                    player.face.reads();
                }
            }
            Step::Answers { who } => {
                if let Some(player) = self.players.get_mut(&who) {
                    player.is_answering = false;
                    let heard = std::mem::take(&mut player.heard);
                    let acts = player.person.answer(&heard);
                    self.plan_acts(&who, acts);
                }
            }
            Step::Does { who, act } => {
                if let Some(player) = self.players.get(&who) {
                    player.does(act);
                }
            }
        }
    }

    fn newcomer(&mut self, count: usize) {
        if count >= self.options.newcomers {
            return;
        }
        if let Some(role) = NEWCOMERS.get((self.first_newcomer + count) % NEWCOMERS.len()) {
            self.enter(role);
        }
        let wait = self.random.between(&self.options.newcomer);
        self.schedule(Instant::now() + wait, Step::Newcomer(count + 1));
    }

    fn enter(&mut self, role: &'static Role) {
        self.entered += 1;
        let number = self.random.digits(15);
        let bot = self
            .bot
            .as_ref()
            .filter(|_| self.entered.is_multiple_of(TO_THE_BOT));
        let face = match bot {
            Some(people) => Face::of_bot(people, &number, role),
            None => Face::of_page(&self.graph, &number, role),
        };
        let who = face.id();
        let player = Player {
            person: Person::new(role),
            face,
            heard: String::new(),
            heard_mid: String::new(),
            is_answering: false,
        };
        self.players.insert(who.clone(), player);
        self.plan_acts(&who, role.opening);
    }

    /// Plans acts one after the other, the first at once.
    fn plan_acts(&mut self, who: &str, acts: &[Act]) {
        let mut at = Instant::now();
        for &act in acts {
            let who = who.to_owned();
            self.schedule(at, Step::Does { who, act });
            at += self.random.between(&self.options.line);
        }
    }
}

impl Player {
    fn does(&self, act: Act) {
        match act {
            Act::Writes(text) => self.face.writes(text),
            Act::SendsPhoto => self.face.sends_photo(),
            Act::Reacts(emoji) => self.face.reacts(&self.heard_mid, emoji),
        }
    }
}
