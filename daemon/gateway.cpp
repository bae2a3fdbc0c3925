// SPDX-License-Identifier: Apache-2.0
#include "daemon/gateway.h"

#include <algorithm>

#include "core/assert.h"
#include "daemon/client_orders_memory.h"
#include "daemon/log.h"
#include "daemon/protection_text.h"

namespace cw {
namespace {

std::vector<PackState> initial_packs(const Configuration& configuration) {
  std::vector<PackState> packs;
  for (const PackConfiguration& pack : configuration.packs) {
    PackState state;
    CW_ASSERT(state.name.assign(pack.name));
    state.protocol = pack.protocol->name;
    state.max_age = pack.stale_after;
    state.policy = pack.policy;
    if (configuration.bank.enabled) state.joining = Joining::unknown;  // until it was judged
    packs.push_back(state);
  }
  return packs;
}

std::vector<Plant> plants(const Configuration& configuration) {
  std::vector<Plant> plants;
  for (const PackConfiguration& pack : configuration.packs) {
    const Preset* preset = find_preset(pack.chemistry);
    CW_ASSERT(preset != nullptr);
    plants.push_back({preset->chemistry, nullptr});
  }
  return plants;
}

Event gateway_event(EventKind kind, Instant now, std::string_view detail) {
  Event event;
  event.kind = kind;
  event.when = now;
  event.detail.assign(detail);
  return event;
}

Severity severity(EventKind kind) {
  switch (kind) {
    case EventKind::link_lost:
    case EventKind::alarm_raised:
    case EventKind::protection_tripped:
    case EventKind::relay_fault:
    case EventKind::relay_latched:
    case EventKind::relay_contact:
    case EventKind::divergence_raised:
    case EventKind::limits_ignored:
    case EventKind::limits_enforced:
    case EventKind::inverter_silent:
    case EventKind::contradiction_raised:
    case EventKind::state_unkept: return Severity::warning;
    case EventKind::state_unreadable: return Severity::error;
    case EventKind::started:
    case EventKind::stopped:
    case EventKind::link_up:
    case EventKind::alarm_cleared:
    case EventKind::protection_released:
    case EventKind::relay_operated:
    case EventKind::settings_changed:
    case EventKind::setting_ordered:
    case EventKind::setting_outcome:
    case EventKind::divergence_cleared:
    case EventKind::relay_sequence:
    case EventKind::relay_command:
    case EventKind::limits_told:
    case EventKind::charge_stage:
    case EventKind::limit_bound:
    case EventKind::limits_obeyed:
    case EventKind::inverter_heard:
    case EventKind::bank_order:
    case EventKind::contradiction_cleared:
    case EventKind::black_box: return Severity::notice;
  }
  return Severity::notice;
}

void log_event(const Event& event) {
  log(severity(event.kind), event.pack.empty() ? "gateway" : event.pack.view(), "{}{}{}{}{}",
      name(event.kind), event.subject.empty() ? "" : " ", event.subject.view(),
      event.detail.empty() ? "" : ": ", event.detail.view());
}

// It is really driven, and keeps what it carries from flowing. Of one that is safe with its coil on
// nobody can say what it interrupts.
bool is_open(const RelayConfiguration& relay, const RelayOrder& order, const RelayState& state) {
  return rests_open(order.stage) && !relay.safe_energised && !state.dry_run && !state.fault &&
         state.contact != std::optional{true};
}

// The first moment after `now` at which what follows from a pack may be another than it is now.
Instant next_move(const PackState& state, Instant now) {
  Instant next = Store::kNever;
  const auto consider = [&](Instant last) {  // it lasts until then
    if (last >= now) next = std::min(next, last + Millis{1});
  };
  if (state.fresh(now)) consider(state.link.last_frame + state.max_age);
  if (const auto due = state.guard.next_due(state.policy)) next = std::min(next, *due);
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const RuleState& rule = state.guard.state(static_cast<Rule>(i));
    if (rule.cause == Cause::start) consider(rule.since + state.max_age);  // its time to be heard
  }
  return next;
}

}  // namespace

Gateway::Gateway(const Configuration& configuration, const Relays::MakeLine& make_line)
    : configuration_(configuration),
      store_(initial_packs(configuration)),
      gate_(configuration.writes, plants(configuration), store_.events()),
      supervisor_(configuration.relays),
      mirrors_(configuration.packs),
      relays_(configuration.relays, configuration.mode, make_line),
      bank_control_(configuration.bank),
      moves_at_(configuration.packs.size(), Instant{-1}),  // nothing is known yet: look at once
      woken_until_(configuration.packs.size(), Instant{-1}),
      is_judged_(configuration.packs.size(), false),
      spoke_(configuration.packs.size(), false) {
  judged_.reserve(configuration.packs.size());
}

void Gateway::add(Sink& sink) {
  sinks_.push_back(&sink);
  store_.mark_all_changed();
}

void Gateway::restore(std::string_view memory, Instant now, std::int64_t wall_ms) {
  const auto read = read_memory(memory);
  if (!read) return distrust("the state file is damaged", now);
  relays_.restore(*read, now, wall_ms, store_.events());
  for (const PackMemory& kept : read->packs) restore_pack(kept, now);
  if (read->bank) bank_control_.restore(*read->bank, store_.packs(), now, wall_ms);
  client_orders_ = client_orders(read->orders, now, wall_ms);
  const BankOrdersBook held = held_orders(client_orders_, configuration_.modbus);
  if (held.standing() != client_orders_)
    note(EventKind::bank_order, "what may not be asked for over Modbus any more has ended", now);
  keep_orders(held.standing());
  order(held.orders());
}

// A pack that is configured no more is forgotten with its trips.
void Gateway::restore_pack(const PackMemory& kept, Instant now) {
  for (std::size_t i = 0; i < store_.packs().size(); ++i) {
    if (store_.packs()[i].name.view() != kept.name) continue;
    const auto protections = parse_protection(kept.text);
    if (!protections) return distrust("the state of a pack is damaged", now);
    store_.pack(i).guard = Protection(*protections);
  }
}

void Gateway::distrust(std::string_view why, Instant now) {
  relays_.distrust(why, now, store_.events());
}

std::optional<std::string> Gateway::take_memory(Instant now, std::int64_t wall_ms) {
  const std::uint64_t revision = std::uint64_t{relays_.revision()} + trips_noted_ +
                                 bank_control_.revision() + client_orders_noted_;
  if (revision == memory_taken_) return std::nullopt;
  memory_taken_ = revision;
  Memory memory = relays_.memory(now, wall_ms);
  for (const PackState& pack : store_.packs())
    memory.packs.push_back({std::string{pack.name.view()}, protection_text(pack.guard.memory())});
  memory.bank = bank_control_.memory(store_.packs(), now, wall_ms);
  memory.orders = order_memory(client_orders_, now, wall_ms);
  return write_memory(memory);
}

std::string Gateway::command(std::string_view relay, RelayCommand command, std::string_view origin,
                             Instant now) {
  const std::string refused = relays_.command(relay, command, origin, now, store_.events());
  const bool woke = command == RelayCommand::reset && wake(relay, origin, now);
  return woke ? std::string{} : refused;
}

std::string Gateway::order_full_charge(bool on, std::string_view origin, Instant now) {
  tick_due_ = true;
  return bank_control_.order_full_charge(on, origin, now, store_.events());
}

// What the button of a board does: a pack that turned itself off may be charged again. For long
// enough that a charger starts and lifts its cells; under-voltage goes on forbidding to discharge.
bool Gateway::wake(std::string_view relay, std::string_view origin, Instant now) {
  bool any = false;
  for (const RelayConfiguration& row : configuration_.relays) {
    if (row.name != relay) continue;
    for (const std::size_t pack : row.packs) {
      const RuleState& off = store_.packs()[pack].guard.state(Rule::power_off);
      if (off.phase != Phase::tripped || off.cause != Cause::limit) continue;
      woken_until_[pack] = now + kWake;
      moves_at_[pack] = now;
      any = true;
      Event event = gateway_event(EventKind::relay_command, now, "");
      event.pack = store_.packs()[pack].name;
      event.subject.assign(relay);
      event.detail.assign(std::string{"power_off overridden for 10 minutes by "}.append(origin));
      store_.events().push_back(event);
    }
  }
  tick_due_ = tick_due_ || any;
  return any;
}

void Gateway::order(const BankOrders& orders) {
  if (bank_control_.order(orders)) tick_due_ = true;
}

void Gateway::keep_orders(const ClientOrders& orders) {
  if (orders == client_orders_) return;
  client_orders_ = orders;
  ++client_orders_noted_;
}

void Gateway::note(EventKind kind, std::string_view detail, Instant now) {
  store_.events().push_back(gateway_event(kind, now, detail.substr(0, 160)));
}

void Gateway::start(Instant now, std::int64_t wall_ms) {
  started_ = now;
  store_.events().push_back(gateway_event(EventKind::started, now, name(configuration_.mode)));
  relays_.start(supervisor_.wishes(store_.packs(), now), store_.packs(), now, store_.events());
  on_tick(now);
  end_turn(now, wall_ms);
}

void Gateway::stop(Instant now, std::int64_t wall_ms) {
  gate_.stop(now);
  relays_.release(now, store_.events());
  store_.events().push_back(gateway_event(EventKind::stopped, now, ""));
  publish(now, wall_ms);
}

void Gateway::on_frame(std::size_t pack, Instant now) {
  const std::size_t before = store_.events().size();
  store_.frame(pack, now);
  gate_.on_frame(pack, store_.pack(pack), std::span(store_.events()).subspan(before), now);
}

void Gateway::on_link(std::size_t pack, const LinkStatus& status, Instant now) {
  store_.link(pack, status, now);
  gate_.on_link(pack, store_.pack(pack), now);
}

void Gateway::on_order(std::size_t pack, const OrderReport& report, Instant now) {
  gate_.on_report(pack, report, now);
}

void Gateway::on_tick(Instant now) {
  store_.expire(now);
  gate_.on_time(now);
  tick_due_ = true;
}

std::optional<Instant> Gateway::next_tick(Instant now) const {
  Instant next = store_.next_expiry();
  for (const Instant moves : moves_at_) next = std::min(next, moves);
  if (const auto due = relays_.next_due(now)) next = std::min(next, *due);
  if (const auto due = gate_.next_due()) next = std::min(next, *due);
  if (const auto due = bank_control_.next_due()) next = std::min(next, *due);
  if (bank_is_old_) next = now;
  if (next == Store::kNever) return std::nullopt;
  const std::int64_t passed = std::max(next.ms, now.ms + 1) - started_.ms;
  return Instant{started_.ms + (passed + kTick.count - 1) / kTick.count * kTick.count};
}

void Gateway::end_turn(Instant now, std::int64_t wall_ms) {
  if (!has_news()) return;
  bool moved = decide(now);
  moved |= bank_control_.step(store_.packs(), moved, now, wall_ms, store_.events());
  judge_joining();
  tell_orders();
  tick_due_ = false;
  const bool news = moved || bank_moved_ || !store_.changed().empty() || !store_.events().empty();
  bank_moved_ = false;
  if (news) publish(now, wall_ms);
}

// What the bank wants of every pack's relays, from the next turn on.
void Gateway::tell_orders() {
  const Switches ignored = bank_control_.ignored();
  const bool disconnect = bank_control_.disconnect();
  if (store_.packs().empty()) return;
  const PackState& told = store_.packs().front();  // all were told the same
  if (told.ignored == ignored && told.disconnect == disconnect) return;
  for (PackState& pack : store_.writable()) {
    pack.ignored = ignored;
    pack.disconnect = disconnect;
  }
}

// Whether a pack behind open relays of its own may come to the bus; also while inverters are told
// nothing.
void Gateway::judge_joining() {
  for (std::size_t i = 0; i < store_.packs().size(); ++i) {
    PackState& pack = store_.writable()[i];
    pack.joining = pack.apart == Switches::none ? Joining::is_in : bank_control_.joining(i);
  }
}

void Gateway::mark_judged(std::size_t pack) {
  if (is_judged_[pack]) return;
  is_judged_[pack] = true;
  judged_.push_back(pack);
}

// True if a decision or a relay is not as it was.
bool Gateway::decide(Instant now) {
  bool moved = false;
  bool lost = false;
  for (const std::size_t i : store_.changed()) {
    spoke_[i] = true;
    bank_is_old_ = true;
    lost |= !store_.pack(i).fresh(now);
  }
  for (const std::size_t i : store_.changed()) moved |= step(i, now);
  if (tick_due_)
    for (std::size_t i = 0; i < moves_at_.size(); ++i)
      if (moves_at_[i] <= now && !store_.is_changed(i)) moved |= step(i, now);
  // Sums may wait for a tick, the loss of a pack may not.
  if (bank_is_old_ && (tick_due_ || lost || every_fresh_pack_spoke(now))) aggregate_bank(now);
  moved |=
      relays_.act(supervisor_.wishes(store_.packs(), now), store_.packs(), now, store_.events());
  note_relays_on_packs();
  bank_control_.let_join(relays_.joining());
  return moved;
}

// What relays that are really driven mean for the currents of their packs. One that opens for a
// pack of its own takes it off the bus; one for many makes all of them ask for zero.
void Gateway::note_relays_on_packs() {
  if (configuration_.mode != Mode::control) return;
  const auto withheld = relays_.withheld();  // of packs that a relay obeys, and those before them
  for (std::size_t i = 0; i < store_.packs().size(); ++i) {
    const Switches held = i < withheld.size() ? withheld[i] : Switches::none;
    if (store_.pack(i).withheld != held) mark_judged(i);
    store_.pack(i).withheld = held;
    store_.pack(i).apart = Switches::none;
  }
  const auto orders = relays_.orders();
  const auto states = relays_.states();
  for (std::size_t r = 0; r < configuration_.relays.size(); ++r) {
    const RelayConfiguration& relay = configuration_.relays[r];
    const bool charge = relay.role == RelayRole::charge;
    if (!charge && relay.role != RelayRole::discharge) continue;
    if (relay.packs.size() != 1 || !is_open(relay, orders[r], states[r])) continue;
    Switches& apart = store_.pack(relay.packs.front()).apart;
    apart = apart | (relay.both_ways ? Switches::both
                     : charge        ? Switches::charge
                                     : Switches::discharge);
  }
}

bool Gateway::step(std::size_t pack, Instant now) {
  bool moved =
      store_.is_changed(pack) && mirrors_.step(pack, store_.writable(), now, store_.events());
  const std::size_t events = store_.events().size();
  moved |= supervisor_.step(store_.pack(pack), now <= woken_until_[pack], now, store_.events());
  if (store_.events().size() != events) ++trips_noted_;
  mark_judged(pack);
  moves_at_[pack] = next_move(store_.pack(pack), now);
  if (now <= woken_until_[pack])
    moves_at_[pack] = std::min(moves_at_[pack], woken_until_[pack] + Millis{1});
  return moved;
}

bool Gateway::every_fresh_pack_spoke(Instant now) const {
  for (std::size_t i = 0; i < spoke_.size(); ++i)
    if (!spoke_[i] && store_.packs()[i].fresh(now)) return false;
  return true;
}

// With many packs this costs more than a frame: once a round, or once a tick, is enough for a sum.
void Gateway::aggregate_bank(Instant now) {
  bank_ = aggregate(store_.packs(), now);
  spoke_.assign(spoke_.size(), false);
  bank_is_old_ = false;
  bank_moved_ = true;
}

Picture Gateway::picture(Instant now, std::int64_t wall_ms) const {
  return {now,       wall_ms,          configuration_.mode,     store_.packs(),
          bank_,     relays_.states(), bank_control_.request(), judged_,
          inverters_};
}

void Gateway::publish(Instant now, std::int64_t wall_ms) {
  for (Event& event : store_.events()) {
    event.wall_ms = wall_ms;
    log_event(event);
    for (Sink* sink : sinks_) sink->record(event);
  }
  const Picture picture_now = picture(now, wall_ms);
  for (Sink* sink : sinks_) sink->publish(picture_now, store_.changed());
  for (const std::size_t i : judged_) is_judged_[i] = false;
  judged_.clear();
  store_.clear_changes();
}

}  // namespace cw
