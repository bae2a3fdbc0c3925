// SPDX-License-Identifier: Apache-2.0
#include "daemon/relays/relay_sequence.h"

#include <algorithm>

#include "bridge/format_reason.h"
#include "core/assert.h"

namespace cw {
namespace {

bool share_a_pack(const RelayConfiguration& a, const RelayConfiguration& b) {
  return std::find_first_of(a.packs.begin(), a.packs.end(), b.packs.begin(), b.packs.end()) !=
         a.packs.end();
}

// What it interrupts.
Switches carries(const RelayConfiguration& relay) {
  return relay.both_ways ? Switches::both : row_of(relay.role).carries;
}

std::optional<std::uint8_t> most(bool counted, std::uint8_t number) {
  return counted ? std::optional(number) : std::nullopt;
}

}  // namespace

RelaySequence::Life::Life(const RelayConfiguration& configured)
    : switchings(most(row_of(configured.role).wears, configured.limits.switchings_most)),
      retries(most(row_of(configured.role).carries != Switches::none,
                   configured.limits.retries_most)) {}

RelaySequence::RelaySequence(const std::vector<RelayConfiguration>& relays, Mode mode)
    : relays_(relays), mode_(mode), orders_(relays.size()) {
  std::size_t packs = 0;
  for (const RelayConfiguration& relay : relays_) {
    Life life(relay);
    for (std::size_t j = 0; j < relays_.size(); ++j)
      if (share_a_pack(relay, relays_[j])) life.neighbours.push_back(j);
    for (const std::size_t pack : relay.packs) packs = std::max(packs, pack + 1);
    lives_.push_back(std::move(life));
  }
  withheld_.resize(packs);
  for (RelayOrder& order : orders_) order.reason.assign("not decided yet");
}

// Every comparison with the time goes through here, so that what it waits for is known.
bool RelaySequence::reached(Instant when, Instant now) {
  if (now >= when) return true;
  if (!due_ || when < *due_) due_ = when;
  return false;
}

std::optional<Instant> RelaySequence::next_due(Instant now) const {
  if (!due_) return std::nullopt;
  return std::max(*due_, now);
}

void RelaySequence::first_step(Instant now) {
  if (stepped_) return;
  stepped_ = true;
  for (Life& life : lives_) {
    life.since = now;
    life.beat_at = now;
  }
}

void RelaySequence::step(std::span<const RelayWish> wishes, Senses senses, Instant now,
                         std::vector<Event>& events) {
  CW_ASSERT(wishes.size() == relays_.size() && senses.size() == relays_.size());
  events_ = &events;
  due_.reset();
  joined_.reset();
  first_step(now);
  for (std::size_t i = 0; i < relays_.size(); ++i) judge_contact(i, senses[i], now);
  for (std::size_t i = 0; i < relays_.size(); ++i)
    if (role(i).obeys == Obeys::stage1) watch_stage1(i, senses, now);
  // Those that report on the others come after them.
  for (const Obeys turn : {Obeys::wish, Obeys::stage1, Obeys::mains, Obeys::trouble, Obeys::chain})
    for (std::size_t i = 0; i < relays_.size(); ++i) {
      if (role(i).obeys != turn) continue;
      Life& life = lives_[i];
      const RelayWish own = own_demand(i, wishes[i], senses);
      const auto held = hold(i);
      life.demand = held.value_or(own);
      life.demand.critical |= !own.wanted && own.critical;
      life.demand.tripped |= !own.wanted && own.tripped;
      life.waits = {};
      orders_[i].wanted = own.wanted;
      turn == Obeys::mains ? follow_mains(i, now) : advance(i, senses, now);
      if (turn == Obeys::chain) beat(i, now);
    }
  for (std::size_t i = 0; i < relays_.size(); ++i) write_order(i);
  withhold();
}

// --- what is seen ---

// A contact has its settle time to follow; then it is welded (closed though open) or stuck.
void RelaySequence::judge_contact(std::size_t i, const RelaySense& sense, Instant now) {
  Life& life = lives_[i];
  const bool driven = row_of(life.stage).active;
  if (mode_ == Mode::observe || !sense.contact) return life.contact_differs.reset();
  if (*sense.contact == driven) {
    life.contact_differs.reset();
    if (life.contact_trouble) tell(EventKind::relay_contact, i, "the contact follows again", now);
    life.contact_trouble = false;
    return;
  }
  if (!life.contact_differs) life.contact_differs = std::max(now, life.since);
  const bool reported = life.contact_trouble && (driven || life.latch == Latch::welded);
  if (reported || !reached(*life.contact_differs + limits(i).settle, now)) return;
  if (!life.contact_trouble)
    tell(EventKind::relay_contact, i,
         driven ? "stuck: the contact is open though driven closed"
                : "welded: the contact is closed though driven open",
         now);
  life.contact_trouble = true;
  if (!driven) latch(i, Latch::welded, now);
}

// The second stage: it fires only if the first was asked critically and shows that it did not work.
void RelaySequence::watch_stage1(std::size_t cutoff, Senses senses, Instant now) {
  Life& life = lives_[cutoff];
  if (life.latch != Latch::none || mode_ == Mode::observe) return;
  for (const std::size_t i : life.neighbours) {
    const Life& stage1 = lives_[i];
    if (!stage1.critical_since || role(i).carries == Switches::none) continue;
    const Instant judged = *stage1.critical_since + limits(cutoff).cutoff_after;
    if (!reached(judged, now)) continue;
    const bool young = senses[i].current && senses[i].current_heard >= judged;
    const bool closed = senses[i].contact.value_or(false);
    if (!closed && !(young && still_flows(i, senses[i], limits(cutoff)))) continue;
    tell(EventKind::relay_sequence, cutoff,
         format_reason("fires: {} was opened and {}", relays_[i].name,
                       closed ? "its contact is closed" : "its current still flows")
             .view(),
         now, &senses[i]);
    return latch(cutoff, Latch::fired, now);
  }
}

// Only what this relay should have interrupted: a pack that must not charge may still discharge.
bool RelaySequence::still_flows(std::size_t i, const RelaySense& sense,
                                const RelayLimits& cutoff) const {
  const Milliamps charging = *sense.current;
  if (relays_[i].both_ways)
    return charging > cutoff.cutoff_current || -charging > cutoff.cutoff_current;
  const Milliamps through = role(i).carries == Switches::charge ? charging : -charging;
  return through > cutoff.cutoff_current;
}

// --- what it should do ---

std::optional<std::size_t> RelaySequence::faulty_neighbour(std::size_t i, Senses senses,
                                                           bool latched) const {
  for (const std::size_t j : lives_[i].neighbours) {
    const Life& life = lives_[j];
    const bool broken = senses[j].fault || life.contact_trouble || life.latch == Latch::welded ||
                        life.latch == Latch::fired;
    if (broken || (latched && life.latch != Latch::none)) return j;
  }
  return std::nullopt;
}

RelayWish RelaySequence::own_demand(std::size_t i, const RelayWish& wish, Senses senses) const {
  const auto trouble_of = [this](std::size_t j) {
    const std::string_view why =
        lives_[j].latch == Latch::none ? "is faulty" : row_of(lives_[j].latch).reason;
    return format_reason("relay {}: {}", relays_[j].name, why);
  };
  switch (role(i).obeys) {
    case Obeys::wish: return wish;
    case Obeys::trouble: {
      const auto j = faulty_neighbour(i, senses, true);
      return wish.wanted || !j ? wish : RelayWish{true, trouble_of(*j)};
    }
    case Obeys::chain: {
      const auto j = faulty_neighbour(i, senses, false);
      return !wish.wanted || !j ? wish : RelayWish{false, trouble_of(*j), true};
    }
    case Obeys::mains: {
      const auto user = lives_[i].user;
      if (!user) return {false, format_reason("no relay closes through it")};
      return {true, format_reason("{} closes through it", relays_[*user].name)};
    }
    case Obeys::stage1:
      if (lives_[i].latch == Latch::fired)
        return {true, format_reason("{}", row_of(Latch::fired).reason)};
      return {false, format_reason("nothing to interrupt")};
  }
  return {};
}

Reason RelaySequence::latched_reason(std::size_t i) const {
  return format_reason("latched until `cellwarden relay {} reset`: {}", relays_[i].name,
                       row_of(lives_[i].latch).reason);
}

// Earlier claims win: the operator's lock-out, then latches, then trouble beside it.
std::optional<RelayWish> RelaySequence::hold(std::size_t i) const {
  const Life& life = lives_[i];
  if (life.locked) return RelayWish{false, format_reason("locked out by an operator")};
  const bool reports = role(i).obeys == Obeys::trouble || life.latch == Latch::fired;
  if (life.latch != Latch::none && !reports) return RelayWish{false, latched_reason(i)};
  if (!role(i).interrupts) return std::nullopt;
  for (const std::size_t j : life.neighbours) {
    const Life& other = lives_[j];
    if (j == i) continue;
    if (other.latch == Latch::fired)
      return RelayWish{false, format_reason("cut-off {} has fired", relays_[j].name), true};
    if (other.latch == Latch::welded)
      return RelayWish{false, format_reason("the contact of {} is welded", relays_[j].name),
                       other.critical_since.has_value()};
  }
  return std::nullopt;
}

// --- what it does about it ---

void RelaySequence::advance(std::size_t i, Senses senses, Instant now) {
  Life& life = lives_[i];
  switch (life.stage) {
    case RelayStage::safe:
    case RelayStage::proving:
      if (has_proved(i, now) && may_close(i, senses[i], now)) close(i, now);
      break;
    case RelayStage::precharging: precharge(i, senses, now); break;
    case RelayStage::settling: settle(i, senses[i], now); break;
    case RelayStage::on: stay_on(i, senses[i], now); break;
    case RelayStage::unloading: unload(i, senses[i], now); break;
  }
  note_critical(i, now);
}

// While it is open, and had to be at once, cut-offs watch whether it interrupts.
void RelaySequence::note_critical(std::size_t i, Instant now) {
  Life& life = lives_[i];
  if (life.stage != RelayStage::safe || !life.demand.critical) return life.critical_since.reset();
  if (life.critical_since) return;
  life.critical_since = now;
  for (const std::size_t j : life.neighbours)
    if (role(j).obeys == Obeys::stage1) reached(now + limits(j).cutoff_after, now);
}

// After a start, or after silence, the first good value is not enough: it must stay good. Nothing
// has moved yet, so that what rests since it opened goes on resting.
bool RelaySequence::has_proved(std::size_t i, Instant now) {
  Life& life = lives_[i];
  life.stage = RelayStage::safe;
  life.joining = Joining::is_in;
  if (!life.demand.wanted) {
    life.wanted_since.reset();
    life.joining_told = Joining::is_in;
    return false;
  }
  if (role(i).carries == Switches::none) return true;
  if (!life.wanted_since) life.wanted_since = now;
  if (reached(*life.wanted_since + limits(i).close_after, now)) return true;
  life.stage = RelayStage::proving;
  life.waits = format_reason("closes when this has held for {}: {}",
                             seconds_text(limits(i).close_after).view(), life.demand.reason.view());
  return false;
}

bool RelaySequence::may_close(std::size_t i, const RelaySense& sense, Instant now) {
  Life& life = lives_[i];
  if (limits(i).minimum_off.count > 0 && !reached(life.since + limits(i).minimum_off, now)) {
    life.waits = format_reason("rests for {}", seconds_text(limits(i).minimum_off).view());
    return false;
  }
  for (const std::size_t j : life.neighbours)
    if (j != i && role(i).carries != Switches::none && row_of(lives_[j].stage).closing) {
      life.waits = format_reason("waits until {} has closed", relays_[j].name);
      return false;
    }
  if (const auto p = limits(i).precharge) {
    const Life& resistor = lives_[*p];
    const bool rests = !reached(resistor.since + limits(*p).minimum_off, now);
    if (const auto held = hold(*p); held || resistor.user || rests) {
      life.waits = format_reason("waits for its precharge relay {}: {}", relays_[*p].name,
                                 held            ? held->reason.view()
                                 : resistor.user ? "in use"
                                                 : "it rests");
      return false;
    }
    if (!has_budget(*p, now)) return false;
  }
  return has_budget(i, now) && may_join(i, sense.joining, now);
}

bool RelaySequence::has_budget(std::size_t i, Instant now) {
  Life& life = lives_[i];
  if (life.tripped && !life.retries.has_room(now))
    latch(i, Latch::retries, now);
  else if (!life.switchings.has_room(now))
    latch(i, Latch::switchings, now);
  else
    return true;
  life.waits = latched_reason(i);
  return false;
}

void RelaySequence::close(std::size_t i, Instant now) {
  Life& life = lives_[i];
  if (life.tripped) life.retries.note(now);
  life.switchings.note(now);
  life.tripped = false;
  const auto p = limits(i).precharge;
  if (!p) return enter(i, RelayStage::on, now);
  lives_[*p].user = i;
  lives_[*p].switchings.note(now);
  enter(i, RelayStage::precharging, now);
}

void RelaySequence::precharge(std::size_t i, Senses senses, Instant now) {
  const std::size_t p = *limits(i).precharge;
  if (!lives_[i].demand.wanted) return open(i, now);
  if (senses[p].fault || lives_[p].contact_trouble || hold(p)) return fail_closing(i, now);
  if (reached(lives_[i].since + limits(p).precharge_time, now)) enter(i, RelayStage::settling, now);
}

// The precharge relay stays until the contact is closed, or has had the time to.
void RelaySequence::settle(std::size_t i, const RelaySense& sense, Instant now) {
  if (!lives_[i].demand.wanted) return open(i, now);
  if (sense.fault) return fail_closing(i, now);
  const bool over = reached(lives_[i].since + limits(i).settle, now);
  if (sense.contact.value_or(over)) return enter(i, RelayStage::on, now);
  if (over) fail_closing(i, now);
}

void RelaySequence::fail_closing(std::size_t i, Instant now) {
  open(i, now);
  latch(i, Latch::precharge_failed, now);
}

void RelaySequence::stay_on(std::size_t i, const RelaySense& sense, Instant now) {
  Life& life = lives_[i];
  const Millis longest = limits(i).longest_on;
  if (life.demand.wanted) {
    if (longest.count == 0 || !reached(life.on_since + longest, now)) return;
    latch(i, Latch::longest_on, now);
    life.demand = *hold(i);
  }
  if (life.demand.critical || role(i).obeys != Obeys::wish) return open(i, now);
  enter(i, RelayStage::unloading, now);
  unload(i, sense, now);
}

// Zero limits first: it opens when little flows, or when nobody has obeyed for long enough.
void RelaySequence::unload(std::size_t i, const RelaySense& sense, Instant now) {
  Life& life = lives_[i];
  if (life.demand.wanted) return enter(i, RelayStage::on, now);
  if (life.demand.critical) return open(i, now);
  if (!life.locked && !reached(life.on_since + limits(i).minimum_on, now)) {
    life.waits =
        format_reason("stays on for at least {}; {}", seconds_text(limits(i).minimum_on).view(),
                      life.demand.reason.view());
    return;
  }
  if (role(i).carries == Switches::none) return open(i, now);
  const Milliamps little = limits(i).unload_current;
  const bool unloaded = sense.current && *sense.current < little && -*sense.current < little;
  if (!unloaded && !reached(life.since + limits(i).unload_time, now)) {
    life.waits = format_reason("asks for zero current first; {}", life.demand.reason.view());
    return;
  }
  tell(EventKind::relay_sequence, i, unloaded ? "opens unloaded" : "opens though current may flow",
       now, &sense);
  open(i, now);
}

void RelaySequence::open(std::size_t i, Instant now) {
  Life& life = lives_[i];
  life.tripped |= role(i).carries != Switches::none && !life.locked && life.demand.tripped;
  enter(i, RelayStage::safe, now);
  if (life.demand.critical && limits(i).precharge) latch(i, Latch::critical_trip, now);
}

void RelaySequence::enter(std::size_t i, RelayStage stage, Instant now) {
  Life& life = lives_[i];
  const bool was_active = row_of(life.stage).active;
  life.stage = stage;
  life.since = now;
  life.wanted_since.reset();
  if (!was_active && row_of(stage).active) life.on_since = now;
  if (const auto p = limits(i).precharge; p && lives_[*p].user == i && !row_of(stage).precharge)
    lives_[*p].user.reset();
  ++revision_;
  if (row_of(stage).told && role(i).carries != Switches::none)
    tell(EventKind::relay_sequence, i,
         format_reason("{}: {}", row_of(stage).name, life.demand.reason.view()).view(), now);
  // What was just begun ends by time as well.
  if (stage == RelayStage::precharging)
    reached(now + limits(*limits(i).precharge).precharge_time, now);
  if (stage == RelayStage::settling) reached(now + limits(i).settle, now);
  if (stage == RelayStage::on && limits(i).longest_on.count > 0)
    reached(life.on_since + limits(i).longest_on, now);
}

void RelaySequence::latch(std::size_t i, Latch latch, Instant now) {
  lives_[i].latch = latch;
  ++revision_;
  tell(EventKind::relay_latched, i, latched_reason(i).view(), now);
}

void RelaySequence::follow_mains(std::size_t precharge, Instant now) {
  Life& life = lives_[precharge];
  const RelayStage stage = life.demand.wanted ? RelayStage::on : RelayStage::safe;
  if (stage != life.stage) enter(precharge, stage, now);
}

// Each change is earned by this very step: a loop that hangs does not beat.
void RelaySequence::beat(std::size_t i, Instant now) {
  Life& life = lives_[i];
  if (life.stage == RelayStage::safe) {
    life.beat = false;
    life.beat_at = now;
    return;
  }
  if (now >= life.beat_at) {
    life.beat = !life.beat;
    life.beat_at = now + limits(i).period;
  }
  reached(life.beat_at, now);
}

void RelaySequence::write_order(std::size_t i) {
  const Life& life = lives_[i];
  RelayOrder& order = orders_[i];
  order.active = row_of(life.stage).active && (role(i).obeys != Obeys::chain || life.beat);
  order.stage = life.stage;
  order.latch = life.latch;
  order.locked = life.locked;
  order.reason = life.waits.empty() ? life.demand.reason : life.waits;
}

void RelaySequence::withhold() {
  std::fill(withheld_.begin(), withheld_.end(), Switches::none);
  for (std::size_t i = 0; i < relays_.size(); ++i)
    if (row_of(lives_[i].stage).withholds)
      for (const std::size_t pack : relays_[i].packs)
        withheld_[pack] = withheld_[pack] | carries(relays_[i]);
}

void RelaySequence::tell(EventKind kind, std::size_t i, std::string_view detail, Instant now,
                         const RelaySense* sense) {
  Event event;
  event.kind = kind;
  event.when = now;
  event.subject.assign(relays_[i].name);
  if (sense != nullptr && sense->current) {
    event.value = sense->current->count;
    event.unit = Unit::milliamp;
  }
  event.detail.assign(detail.substr(0, 160));
  events_->push_back(event);
}

}  // namespace cw
