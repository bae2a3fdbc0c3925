// SPDX-License-Identifier: Apache-2.0
// Limits in words, the same on every interface.
#pragma once
#include <span>

#include "core/picture.h"

namespace cw {

/// "cell voltage: cell 7 of garage at 3.512 V". `packs` are those of the picture, for their names.
Reason explain(const LimitReason& reason, std::span<const PackState> packs);

}  // namespace cw
