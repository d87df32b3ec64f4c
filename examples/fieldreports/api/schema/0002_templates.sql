-- What the product begins with. checks is a JSON array of texts, drawing a path
-- below /api/files/.

INSERT IGNORE INTO templates (id, name, summary, checks, drawing) VALUES
  ('pump-inspection', 'Pump inspection', 'Monthly look at a centrifugal pump, running and stopped.',
   '["Oil level between the marks","No leak at the shaft seal","Bearings below 80 °C","Coupling guard in place","Suction pressure noted"]',
   'drawings/pump-inspection.svg'),
  ('cable-fault', 'Cable fault', 'Where a buried cable failed, and what it takes to repair it.',
   '["Cable isolated and earthed","Distance from the joint box measured","Both ends photographed","Length of cable to replace noted"]',
   'drawings/cable-fault.svg'),
  ('site-handover', 'Site handover', 'The site as it is left to the next shift.',
   '["Access road passable","Barriers and signs up","Open work described","Keys returned"]',
   'drawings/site-handover.svg');
