// SPDX-License-Identifier: Apache-2.0
// A running simulation on real pseudo-terminals, TCP ports and a real control socket. Waits are
// bounded polls; nothing here depends on how fast the machine is, except that it must not be early.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "daemon/simulate/simulation.h"
#include "daemon/simulate/simulation_control.h"
#include "drivers/protocol/registry.h"

namespace cw {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{30'000};

class RunningSimulation {
 public:
  explicit RunningSimulation(const std::vector<std::string>& texts, SimulationOptions options = {},
                             const std::string& script = "")
      : directory_(make_directory()) {
    std::vector<std::string> full;
    for (const std::string& text : texts) full.push_back(replaced(text));
    const DescribedPacks described = describe_packs(full);
    EXPECT_EQ(described.fault, "");
    thread_ = std::thread([this, described, options, script] { run(described, options, script); });
    while (!ready_) std::this_thread::yield();
  }
  ~RunningSimulation() {
    stop_ = true;
    thread_.join();
    std::filesystem::remove_all(directory_);
  }
  RunningSimulation(const RunningSimulation&) = delete;
  RunningSimulation& operator=(const RunningSimulation&) = delete;

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  const std::string& address(std::size_t pack) const { return addresses_[pack]; }

 private:
  static std::string make_directory() {
    char name[] = "/tmp/cw-simulation-XXXXXX";
    EXPECT_NE(::mkdtemp(name), nullptr);
    return name;
  }
  std::string replaced(std::string text) const {
    const std::size_t at = text.find("DIR");
    return at == std::string::npos ? text : text.replace(at, 3, directory_);
  }
  void run(const DescribedPacks& described, const SimulationOptions& options,
           const std::string& script) {
    Loop loop;
    Simulation simulation(loop, options, described.packs);
    simulation.follow(read_script(script, "script", simulation.names()).orders);
    SimulationControl control(loop, path("control"), [&simulation](std::string_view line) {
      return simulation.execute(line);
    });
    EXPECT_TRUE(control.open()) << control.error();
    std::string error;
    EXPECT_TRUE(simulation.start(error)) << error;
    for (std::size_t i = 0; i < described.packs.size(); ++i)
      addresses_.push_back(simulation.address(i));
    int timer = 0;
    timer = loop.add_timer([&](Instant now) {
      if (stop_) return loop.stop(0);
      loop.set_timer(timer, now + Millis{5});
    });
    loop.set_timer(timer, loop.now());
    ready_ = true;
    loop.run();
  }

  std::string directory_;
  std::vector<std::string> addresses_;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// Reads until `size` bytes are there, the other end is gone, or patience is over.
std::vector<std::uint8_t> receive(int fd, std::size_t size, milliseconds patience = kPatience) {
  std::vector<std::uint8_t> bytes;
  const auto until = Clock::now() + patience;
  while (bytes.size() < size && Clock::now() < until) {
    pollfd state{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&state, 1, 20) <= 0) continue;
    std::uint8_t room[512];
    const ssize_t got = ::read(fd, room, std::min(sizeof room, size - bytes.size()));
    if (got <= 0) break;
    bytes.insert(bytes.end(), room, room + got);
  }
  return bytes;
}

/// Polls a pack once; empty: no answer in time.
std::optional<Pack> poll_pack(int fd, std::size_t cells, milliseconds patience = kPatience) {
  const Request request = jk_uart::read_all_request();
  if (::write(fd, request.bytes.data(), request.size) != request.size) return std::nullopt;
  const auto bytes = receive(fd, 243 + 3 * cells, patience);
  ProtocolBox protocol(*find_protocol("jk-uart"), 0);
  Pack pack;
  if (protocol->feed(bytes, {0}, pack).heard != Heard::frame) return std::nullopt;
  return pack;
}

int open_terminal(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_GE(fd, 0) << path;
  return fd;
}

int connect_control(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

std::string say(int control, const std::string& line) {
  const std::string whole = line + "\n";
  EXPECT_EQ(::send(control, whole.data(), whole.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(whole.size()));
  std::string answer;
  while (!answer.ends_with('\n')) {
    const auto byte = receive(control, 1);
    if (byte.empty()) break;
    answer += static_cast<char>(byte[0]);
  }
  if (!answer.empty()) answer.pop_back();
  return answer;
}

TEST(Simulation, AnswersOnATerminalWithTheHeldState) {
  RunningSimulation simulation(
      {"name=garage,hold=yes,cells=16,cell_voltage=3.312,current=-7.5,soc=63,link=DIR/garage"});
  const int fd = open_terminal(simulation.path("garage"));
  const auto pack = poll_pack(fd, 16);
  ASSERT_TRUE(pack.has_value());
  EXPECT_EQ(pack->scalars.voltage.fresh({0}, {0}), Millivolts{16 * 3312 / 10 * 10});
  EXPECT_EQ(pack->scalars.current.fresh({0}, {0}), Milliamps{-7500});
  EXPECT_EQ(pack->scalars.soc.fresh({0}, {0}), CentiPercent{6300});
  ::close(fd);
}

TEST(Simulation, AnAnswerTakesAtLeastItsTimeOnTheWire) {
  RunningSimulation simulation({"name=garage,link=DIR/garage"});
  const int fd = open_terminal(simulation.path("garage"));
  ASSERT_TRUE(poll_pack(fd, 16).has_value());  // the simulator has noticed that somebody is there
  const auto began = Clock::now();
  ASSERT_TRUE(poll_pack(fd, 16).has_value());
  const auto took = Clock::now() - began;
  EXPECT_GE(took, std::chrono::microseconds(86 * (21 + 291) + 500));
  ::close(fd);
}

TEST(Simulation, ATerminalIsThereForTheNextWhoOpensIt) {
  RunningSimulation simulation({"name=garage,link=DIR/garage"});
  for (int i = 0; i < 3; ++i) {
    const int fd = open_terminal(simulation.path("garage"));
    EXPECT_TRUE(poll_pack(fd, 16).has_value()) << i;
    ::close(fd);
  }
}

TEST(Simulation, FaultsComeAndGoOverTheControlSocket) {
  RunningSimulation simulation({"name=garage,hold=yes,cell_voltage=3.3,link=DIR/garage"});
  const int control = connect_control(simulation.path("control"));
  const int fd = open_terminal(simulation.path("garage"));
  ASSERT_TRUE(poll_pack(fd, 16).has_value());
  EXPECT_EQ(say(control, "garage mute"), "ok");
  EXPECT_FALSE(poll_pack(fd, 16, milliseconds(300)).has_value());
  EXPECT_NE(say(control, "status").find("\"faults\":[\"mute\"]"), std::string::npos);
  EXPECT_EQ(say(control, "garage clear"), "ok");
  EXPECT_TRUE(poll_pack(fd, 16).has_value());
  EXPECT_EQ(say(control, "garage mutt"), "error: unknown fault \"mutt\"; did you mean \"mute\"?");
  ::close(fd);
  ::close(control);
}

TEST(Simulation, TellsTheTrueStateAsJson) {
  RunningSimulation simulation(
      {"name=garage,hold=yes,cells=4,cell_voltage=3.301/3.302/3.303/3.304"});
  const int control = connect_control(simulation.path("control"));
  EXPECT_EQ(say(control, "garage cell_voltage 2 3.7"), "ok");
  nlohmann::json state;
  const auto until = Clock::now() + kPatience;
  do {
    state = nlohmann::json::parse(say(control, "state garage"));
  } while (state["cell_voltage_V"][1] != 3.7 && Clock::now() < until);
  EXPECT_EQ(state["cell_voltage_V"], (std::vector<double>{3.301, 3.7, 3.303, 3.304}));
  EXPECT_EQ(state["cell_voltage_max_index"], 2);
  EXPECT_EQ(state["faults"], (std::vector<std::string>{"cell_voltage 2 3.7 V"}));
  ::close(control);
}

TEST(Simulation, AnUnpluggedTerminalEndsAndComesBackAsAnother) {
  RunningSimulation simulation({"name=garage,link=DIR/garage"});
  const int control = connect_control(simulation.path("control"));
  int fd = open_terminal(simulation.path("garage"));
  ASSERT_TRUE(poll_pack(fd, 16).has_value());
  EXPECT_EQ(say(control, "garage unplug"), "ok");
  pollfd state{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&state, 1, 30'000), 1);
  EXPECT_NE(state.revents & POLLHUP, 0);
  EXPECT_FALSE(std::filesystem::exists(simulation.path("garage")));
  ::close(fd);
  EXPECT_EQ(say(control, "garage clear"), "ok");
  fd = open_terminal(simulation.path("garage"));
  EXPECT_TRUE(poll_pack(fd, 16).has_value());
  ::close(fd);
  ::close(control);
}

/// A serial adapter with a name that stays: what it is may change behind it.
class Adapter {
 public:
  Adapter() { plug(); }
  ~Adapter() {
    unplug();
    ::unlink(name().c_str());
  }
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;

  void plug() {
    wire_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    char path[64];
    EXPECT_EQ(::grantpt(wire_) + ::unlockpt(wire_) + ::ptsname_r(wire_, path, sizeof path), 0);
    ::unlink(name().c_str());
    EXPECT_EQ(::symlink(path, name().c_str()), 0);
  }
  void unplug() { ::close(wire_); }
  int wire() const { return wire_; }
  static std::string name() { return "/tmp/cw-adapter-" + std::to_string(::getpid()); }

 private:
  int wire_ = -1;
};

bool is_heard_on(int wire) {
  const auto until = Clock::now() + kPatience;
  while (Clock::now() < until)
    if (poll_pack(wire, 16, milliseconds(500)).has_value()) return true;
  return false;
}

TEST(Simulation, SpeaksOnAPortThatIsThereAndFindsItAgainBehindItsName) {
  Adapter adapter;
  RunningSimulation simulation({"name=garage,port=" + Adapter::name()});
  EXPECT_EQ(simulation.address(0), Adapter::name());
  EXPECT_TRUE(is_heard_on(adapter.wire()));
  adapter.unplug();
  adapter.plug();
  EXPECT_TRUE(is_heard_on(adapter.wire()));
}

TEST(Simulation, APortThatIsNotThereIsAFaultAtTheStart) {
  Loop loop;
  Simulation simulation(loop, {}, describe_packs({"name=garage,port=/dev/no-such-port"}).packs);
  std::string error;
  EXPECT_FALSE(simulation.start(error));
  EXPECT_EQ(error, "garage: /dev/no-such-port: No such file or directory");
}

TEST(Simulation, AScriptActsAtItsSimulatedTime) {
  SimulationOptions fast;
  fast.speed = 100;
  RunningSimulation simulation({"name=garage,link=DIR/garage"}, fast,
                               "0s garage mute\n20s garage clear\n20s garage soc 11");
  const int control = connect_control(simulation.path("control"));
  const auto until = Clock::now() + kPatience;
  std::string status;
  do {
    status = say(control, "status");
  } while (status.find("soc 11 %") == std::string::npos && Clock::now() < until);
  EXPECT_NE(status.find("soc 11 %"), std::string::npos);
  EXPECT_EQ(status.find("mute"), std::string::npos);
  ::close(control);
}

TEST(Simulation, AnswersOverTcpAndTheNewestClientCounts) {
  SimulationOptions tcp;
  tcp.listen_host = "127.0.0.1";
  RunningSimulation simulation({"name=garage", "name=cabin,cells=8,chemistry=lto"}, tcp);
  const std::string& address = simulation.address(1);
  ASSERT_TRUE(address.starts_with("tcp://127.0.0.1:")) << address;
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(16))));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto connected = [&peer] {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof peer), 0);
    return fd;
  };
  const int first = connected();
  EXPECT_TRUE(poll_pack(first, 8).has_value());
  const int second = connected();
  EXPECT_TRUE(poll_pack(second, 8).has_value());
  EXPECT_TRUE(receive(first, 1, milliseconds(1000)).empty());
  ::close(first);
  ::close(second);
}

TEST(Simulation, ALinkThatIsSomebodysFileIsNotReplaced) {
  char name[] = "/tmp/cw-simulation-file-XXXXXX";
  const int file = ::mkstemp(name);
  ASSERT_GE(file, 0);
  ::close(file);
  Loop loop;
  const auto terminal = make_terminal(loop, name, [](std::span<const std::uint8_t>) {});
  EXPECT_FALSE(terminal->open());
  EXPECT_NE(terminal->error().find("no symbolic link"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_regular_file(name));
  std::filesystem::remove(name);
}

TEST(Simulation, LinksAndTheSocketAreGoneAfterwards) {
  std::string link;
  std::string socket;
  {
    RunningSimulation simulation({"name=garage,link=DIR/garage"});
    link = simulation.path("garage");
    socket = simulation.path("control");
    EXPECT_TRUE(std::filesystem::is_symlink(link));
  }
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(link)));
  EXPECT_FALSE(std::filesystem::exists(socket));
}

}  // namespace
}  // namespace cw
