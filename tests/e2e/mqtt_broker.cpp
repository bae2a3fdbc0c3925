// SPDX-License-Identifier: Apache-2.0
#include "mqtt_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace cw::mqtt_test {
namespace {

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"})
    if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return {};
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool answers(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool open = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return open;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, int standard_output) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (standard_output >= 0)
    posix_spawn_file_actions_adddup2(&actions, standard_output, STDOUT_FILENO);
  else
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  if (posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ) != 0)
    pid_ = -1;
  posix_spawn_file_actions_destroy(&actions);
}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    std::swap(pid_, other.pid_);
  }
  return *this;
}

void Process::send_signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void Process::end() {
  send_signal(SIGKILL);
  wait();
}

int Process::wait() {
  int status = 0;
  if (pid_ > 0) waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

ReservedPort::ReservedPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int reuse = 1;
  setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port");
  number_ = ntohs(address.sin_port);
}

ReservedPort::~ReservedPort() { close(socket_); }

std::string missing_broker() {
  for (const char* program : {"mosquitto", "mosquitto_sub", "mosquitto_pub"})
    if (find_program(program).empty()) return std::string(program) + " is not installed";
  return {};
}

bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& done) {
  const auto end = WallClock::now() + limit;
  while (!done()) {
    if (WallClock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

Broker::Broker(const std::string& configuration) {
  char name[] = "/tmp/cellwarden-broker-XXXXXX";
  if (mkdtemp(name) == nullptr) throw std::runtime_error("no directory below /tmp");
  directory_ = name;
  std::filesystem::permissions(directory_, std::filesystem::perms::all);
  std::string lines = configuration;
  for (std::size_t at = 0; (at = lines.find("{dir}", at)) != std::string::npos;)
    lines.replace(at, 5, directory_);
  std::ofstream file(directory_ + "/mosquitto.conf");
  file << "listener " << port() << " 127.0.0.1\npersistence false\n";
  file << (lines.empty() ? "allow_anonymous true\n" : lines);
  file.close();
}

Broker::~Broker() {
  process_.end();
  std::filesystem::remove_all(directory_);
}

void Broker::start() {
  process_ = Process({find_program("mosquitto"), "-c", directory_ + "/mosquitto.conf"});
  if (!eventually([this] { return answers(port()); }))
    throw std::runtime_error("mosquitto does not start");
}

void Broker::kill() { process_.end(); }
void Broker::pause() const { process_.send_signal(SIGSTOP); }
void Broker::resume() const { process_.send_signal(SIGCONT); }

void Broker::publish(const std::string& topic, const std::string& payload) const {
  Process({find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", std::to_string(port()), "-t",
           topic, "-m", payload})
      .wait();
}

Observer::Observer(const Broker& broker) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  pipe_ = ends[0];
  process_ = Process(
      {find_program("mosquitto_sub"), "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-V",
       "mqttv5", "--retain-as-published", "-t", "#", "-F", "%r %t %p"},
      ends[1]);
  close(ends[1]);
  reader_ = std::thread([this] { read(); });
  const bool ready = eventually([&] {
    broker.publish("probe", "x");
    return count("probe") > 0;
  });
  if (!ready) throw std::runtime_error("mosquitto_sub sees nothing");
}

Observer::~Observer() {
  process_.end();
  reader_.join();
  close(pipe_);
}

void Observer::read() {
  std::string line;
  char bytes[4096];
  for (ssize_t size = 0; (size = ::read(pipe_, bytes, sizeof bytes)) > 0;) {
    for (ssize_t i = 0; i < size; ++i) {
      if (bytes[i] != '\n') {
        line.push_back(bytes[i]);
        continue;
      }
      const auto blank = line.find(' ', 2);
      const std::lock_guard lock(mutex_);
      messages_.push_back(
          {line[0] == '1', line.substr(2, blank - 2), line.substr(blank + 1), WallClock::now()});
      line.clear();
    }
  }
}

std::vector<Observed> Observer::all() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

std::vector<Observed> Observer::of(const std::string& topic) const {
  std::vector<Observed> found;
  for (const Observed& message : all())
    if (message.topic == topic) found.push_back(message);
  return found;
}

std::size_t Observer::before_first(const std::string& topic) const {
  const auto messages = all();
  const auto first = std::find_if(messages.begin(), messages.end(),
                                  [&](const Observed& one) { return one.topic == topic; });
  return static_cast<std::size_t>(first - messages.begin());
}

std::string Observer::last(const std::string& topic) const {
  const auto found = of(topic);
  return found.empty() ? std::string() : found.back().payload;
}

}  // namespace cw::mqtt_test
