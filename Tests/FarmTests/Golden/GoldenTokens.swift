// Tokens of Mozilla's sccache-dist 0.16.0 as they passed between its unmodified programs on
// loopback, captured by a recording proxy; keys and tokens are those of a farm that was thrown
// away. Generated once, not to be edited.

extension Golden {
  /// What signs the tokens of servers.
  static let schedulerKey = "_Tagnz5wmTyIr-3ZUhlID8mE5fUAYgdMIbnjU2fCPys"

  static let tokens: [String: String] = [
    "01-heartbeat_server": """
    eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.\
    eyJleHAiOjAsInNlcnZlcl9pZCI6IjEyNy4wLjAuMToxMDUxMSJ9.\
    ZU1bjYEdFbheehYbS1yAFRQz6as86muOba3gqB6CZSU
    """,
    "05-assign_job~pending": """
    eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.\
    eyJleHAiOjAsImpvYl9pZCI6MH0.\
    x3CieDe4zWIFVZv2bbJKy69lxzd3Quos0a2Tl_sOy44
    """,
    "13-assign_job~ready": """
    eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.\
    eyJleHAiOjAsImpvYl9pZCI6M30.\
    cJgmQGdbXLbZuBtG8mn5BLQIOtW4fcOGery8J6MpoNo
    """,
    "15-run_job~c_exit1": """
    eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.\
    eyJleHAiOjAsImpvYl9pZCI6NH0.\
    kFXDw05a0qKXQY09Mfg0xd4DtVDapdnihFCLqFpRW9A
    """,
    "16-run_job~c_exit7": """
    eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.\
    eyJleHAiOjAsImpvYl9pZCI6NX0.\
    vG6-u2AA8sBje-ecQjO_wh0-eMRimlkfIu2FN9WlCww
    """,
    "17-run_job~c_killed_by_signal": """
    eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.\
    eyJleHAiOjAsImpvYl9pZCI6Nn0.\
    NmtvQzzpgGl1QK3ySSJlQV9PiDGoy3ESq6oogSMC3F8
    """,
    "18-run_job~cxx_split_dwarf_missing_d": """
    eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.\
    eyJleHAiOjAsImpvYl9pZCI6MTR9.\
    JKECKJbPRNi3qv5BmBSZvs7chlI9c2xzZnOA2dNM9sU
    """,
    "19-run_job~cxx_compile_error": """
    eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.\
    eyJleHAiOjAsImpvYl9pZCI6OH0.\
    azTIblnru3uQcN-375-DL4sZWAPqJ_jt3qWK4boQAL8
    """,
  ]
}
