# After v++ has linked the kernels: connects each MAC with its QSFP cage, reference clock and free-running clock. v++ has no
# directive for transceivers, so it runs this (compiler.userPostSysLinkOverlayTcl) on the block design it has made.
#
# A wrong or missing name ends the link with a message: a MAC left unconnected would only show as a port that stays dark.

# What platforms call the cage and the reference clock of port %d (README.md, "Facts", has the source).
set cages {
  {io_gt_qsfp%d_00   io_clk_qsfp%d_refclka_00}
  {io_gt_qsfp_0%d    io_clk_qsfp_refclka_0%d}
  {io_gt_gtyquad_0%d io_clk_gtyquad_refclk0_0%d}
}
set free_running_clocks {
  ii_level1_wire/ulp_m_aclk_freerun_ref_00
  ii_level0_wire/ulp_m_aclk_freerun_ref_00
  blp_s_aclk_freerun_ref_00
  clk_gt_freerun
}

proc pin {command name} {
  set found [$command -quiet $name]
  if {[llength $found] != 1} {
    error "connect_transceivers: no $name: is the MAC of the example's kind? README.md, step 2"
  }
  return $found
}

proc cage_of {port cages} {
  foreach names $cages {
    set found {}
    foreach name $names {
      lappend found {*}[get_bd_intf_ports -quiet [format $name $port]]
    }
    if {[llength $found] == 2} {
      return $found
    }
  }
  error "connect_transceivers: the platform shows no cage $port by a name known here; it has: [get_bd_intf_ports -quiet]"
}

proc free_running_clock {names} {
  foreach name $names {
    foreach command {get_bd_pins get_bd_ports} {
      set found [$command -quiet $name]
      if {[llength $found] == 1} {
        return $found
      }
    }
  }
  error "connect_transceivers: the platform shows no free-running clock by a name known here"
}

set clock [free_running_clock $free_running_clocks]
foreach port {0 1} {
  lassign [cage_of $port $cages] cage reference
  connect_bd_intf_net $cage [pin get_bd_intf_pins cmac_$port/gt_serial_port$port]
  connect_bd_intf_net $reference [pin get_bd_intf_pins cmac_$port/gt_refclk$port]

  # v++ takes it for one of the kernel's clocks and may have connected it.
  set clock_pin [pin get_bd_pins cmac_$port/clk_gt_freerun]
  set net [get_bd_nets -quiet -of_objects $clock_pin]
  if {[llength $net] > 0} {
    disconnect_bd_net $net $clock_pin
  }
  connect_bd_net $clock $clock_pin
  puts "connect_transceivers: cmac_$port: $cage, $reference, $clock"
}
