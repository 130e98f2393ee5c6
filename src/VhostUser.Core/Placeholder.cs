namespace VhostUser;
