// SPDX-License-Identifier: Apache-2.0
//
// What a leaf is to OpenSSL: for the files of this folder that make one or present one.
#pragma once

#include "proxy/tls/authority.h"
#include "proxy/tls/handles.h"

namespace weir::tls {

struct Leaf::Parts {
  CertificateHandle certificate;
  KeyHandle key;
  ChainHandle chain;  // sent behind it; null: nothing
  WallTime until;
};

}  // namespace weir::tls
