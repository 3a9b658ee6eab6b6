// SPDX-License-Identifier: Apache-2.0
//
// Empty: CMake makes the precompiled headers of the tests beside it.
