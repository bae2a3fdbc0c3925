// SPDX-License-Identifier: Apache-2.0
// A relay that is not there: takes orders as a real one does and touches nothing.
#include "drivers/gpio/relay_line.h"

namespace cw {
namespace {

class DryRunLine final : public RelayLine {
 public:
  explicit DryRunLine(const std::string& name) : name_(name + " (dry run)") {}

  bool open(bool /*energised*/) override {
    open_ = true;
    error_.clear();
    return true;
  }
  bool drive(bool /*energised*/) override {
    if (!open_) error_ = name_ + ": not open";
    return open_;
  }
  bool dry_run() const override { return true; }
  const std::string& error() const override { return error_; }
  const std::string& name() const override { return name_; }

 private:
  std::string name_;
  std::string error_;
  bool open_ = false;
};

}  // namespace

std::unique_ptr<RelayLine> make_dry_run_line(const std::string& name) {
  return std::make_unique<DryRunLine>(name);
}

}  // namespace cw
